-- Each request signs another of the people in.
local number = 0
function request()
  number = number % 1000 + 1
  local body = string.format('{"username":"user%d","password":"blue herons at dawn"}', number)
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body)
end
