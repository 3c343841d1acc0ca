-- wrk script: POSTs events that are all different. Arguments: flavour, events a request, credential, sources,
-- share of errors in percent. One event in four is an error by default; the rest are warnings and notes.
local flavour, batch, credential, sources, share
local id, threads = 0, 0
local prefix, made = "", 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  flavour = args[1]
  batch = tonumber(args[2])
  credential = args[3]
  sources = tonumber(args[4])
  share = tonumber(args[5])
  math.randomseed(os.time() * 100 + id)
  prefix = string.format("%08x-%04x-4%03x-a%03x-", os.time(), math.random(0, 65535), math.random(0, 4095), id)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  if credential ~= "" then wrk.headers["Authorization"] = credential end
end

local MESSAGE = "upstream timed out after 3000 ms while calling payments"

-- The same facts in each product's own words.
local events = {}

function events.tocsin(k, source, is_error)
  return string.format(
    '{"event_id":"%s%012x","source":"svc-%d","level":"%s","event_type":"http.error","timestamp":"%s",'
      .. '"message":"%s","metadata":{"host":"host-%d","region":"eu-1","code":"504"}}',
    prefix, k, source, is_error and "error" or (k % 2 == 0 and "warning" or "info"),
    os.date("!%Y-%m-%dT%H:%M:%SZ"), MESSAGE, k % 50)
end

function events.alerta(k, source)
  return string.format(
    '{"resource":"host-%d","event":"Http%d","environment":"Production","service":["svc-%d"],"severity":"major",'
      .. '"correlate":[],"text":"%s","value":"%d","tags":["dc=eu-1"],'
      .. '"attributes":{"region":"eu-1","event_id":"%s%012x"},"origin":"bench","type":"exceptionAlert"}',
    k % 50, k % 5, source, MESSAGE, k, prefix, k)
end

function events.alerta_webhook(k, source)
  return string.format(
    '{"status":"firing","labels":{"alertname":"Http%d","instance":"host-%d","service":"svc-%d","severity":"major",'
      .. '"environment":"Production"},"annotations":{"summary":"%s","value":"%d"},'
      .. '"startsAt":"2026-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00Z",'
      .. '"generatorURL":"http://127.0.0.1/g?g0.expr=up"}',
    k % 5, k % 50, source, MESSAGE, k)
end

function events.alertmanager(k, source)
  return string.format(
    '{"labels":{"alertname":"Http%d","instance":"host-%d","service":"svc-%d","severity":"error"},'
      .. '"annotations":{"summary":"%s","event_id":"%s%012x"}}',
    k % 5, k % 50, source, MESSAGE, prefix, k)
end

-- How each product wants several of them in one request: opening and closing words.
local wrappers = {
  tocsin = {'{"events":[', "]}"},
  alertmanager = {"[", "]"},
  alerta_webhook = {
    '{"version":"4","status":"firing","externalURL":"http://127.0.0.1:9093","receiver":"a","groupKey":"k",'
      .. '"commonLabels":{},"commonAnnotations":{},"groupLabels":{},"alerts":[',
    "]}",
  },
}

local function event()
  made = made + 1
  return events[flavour](made, math.floor(made / 4) % sources, made * share % 100 < share)
end

function request()
  if batch == 1 and flavour ~= "alertmanager" then return wrk.format(nil, nil, nil, event()) end
  local several = {}
  for i = 1, batch do several[i] = event() end
  local wrapper = wrappers[flavour]
  return wrk.format(nil, nil, nil, wrapper[1] .. table.concat(several, ",") .. wrapper[2])
end
