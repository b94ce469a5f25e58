"""The console: pages over the ops library, drawn with Panel."""
