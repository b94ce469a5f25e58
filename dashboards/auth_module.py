"""What `panel serve --auth-module` loads, under a name of its own: nothing but names of `dashboards`."""

from dashboards.login import LoginHandler, LogoutHandler
from dashboards.security import LOGIN as login_url
from dashboards.security import LOGOUT as logout_url
from dashboards.security import get_user_async

__all__ = ["LoginHandler", "LogoutHandler", "get_user_async", "login_url", "logout_url"]
