-- Each request trades in a refresh token that no other request holds; the answer brings its successor.
local tokens = {}
function init(_args)
  for line in io.lines(os.getenv("PUPERO_BENCH_TOKENS")) do
    table.insert(tokens, line)
  end
end
function request()
  local token = table.remove(tokens, 1)
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, '{"refresh_token":"' .. token .. '"}')
end
function response(_status, _headers, body)
  table.insert(tokens, string.match(body, '"refresh_token":"([^"]+)"'))
end
