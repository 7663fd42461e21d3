-- Each request tries to sign in under a name that nobody has.
local number = math.random(1000000000)
function request()
  number = number + 1
  local body = string.format('{"username":"stranger%d","password":"blue herons at dawn"}', number)
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body)
end
