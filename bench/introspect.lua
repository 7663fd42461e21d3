-- A service asks about each of the people who are signed in, in turn; its credential is the file's first line.
local bodies, number, headers = {}, 0, nil
function init(_args)
  for line in io.lines(os.getenv("PUPERO_BENCH_TOKENS")) do
    if headers then
      table.insert(bodies, "token=" .. line)
    else
      headers = { ["Authorization"] = "Basic " .. line, ["Content-Type"] = "application/x-www-form-urlencoded" }
    end
  end
end
function request()
  number = number % #bodies + 1
  return wrk.format("POST", nil, headers, bodies[number])
end
