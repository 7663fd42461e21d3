-- Each request comes from another of the people who are signed in. The bare floors get the same requests.
local headers, number = {}, 0
function init(_args)
  for line in io.lines(os.getenv("PUPERO_BENCH_TOKENS")) do
    table.insert(headers, { ["Authorization"] = "Bearer " .. line })
  end
end
function request()
  number = number % #headers + 1
  return wrk.format("GET", nil, headers[number])
end
