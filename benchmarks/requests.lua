-- Requests for wrk: the lines of the file BODIES in turn, as benchmarks/asked.py writes them.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do
  bodies[#bodies + 1] = line
end
local n = 0
function request()
  n = n % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[n])
end
