-- Asks the sign-in endpoint (auth.py) whether a password is good: the mail server's way (mailflow.md 13.2).
local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"

http.TIMEOUT = 30

function auth_password_verify(request, password)
  if not request.domain or request.domain == "" then
    return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, "no domain"
  end
  local asked = cjson.encode({
    username = request.user, password = password, real_rip = request.remote_ip, service = request.service
  })
  local said = {}
  local _, code = http.request {
    method = "POST", url = "http://127.0.0.1:@PORT@/",
    headers = { ["content-type"] = "application/json", ["content-length"] = #asked },
    source = ltn12.source.string(asked), sink = ltn12.sink.table(said)
  }
  if code ~= 200 and code ~= 401 then
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, "sign-in endpoint: " .. tostring(code)
  end
  local good, answer = pcall(cjson.decode, table.concat(said))
  if code == 200 and good and answer.success == true then
    return dovecot.auth.PASSDB_RESULT_OK, {}
  end
  return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ""
end

function auth_passdb_lookup(request)
  return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, "passwords are only verified"
end

function script_init()
  return 0
end

function script_deinit()
end
