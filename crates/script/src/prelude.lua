-- What a script finds beside Lua itself: `app`, `channel` and their relatives, and libraries
-- without what could end the exchange or stop other calls.
local given = ...
local mark, join, say, guard_spent = given.mark, given.join, given.say, given.spent
local error, select, type = error, select, type
local tostring, concat = tostring, table.concat
local raw_pcall, raw_xpcall, raw_load = pcall, xpcall, load
local raw_setmetatable, raw_resume, raw_yield = setmetatable, coroutine.resume, coroutine.yield
local create, rawequal, rawget = coroutine.create, rawequal, rawget

-- Orders something of the exchange; `level` says whose line an error names.
local function ask(level, kind, first, second)
  local ok, value = raw_yield(mark, kind, first, second)
  if ok then
    return value
  end
  -- A number is the end of the call, and has no place.
  error(value, type(value) == "number" and 0 or level + 1)
end

local function joined(level, name, ...)
  local text, complaint = join(...)
  if not text then
    error("bad argument " .. complaint .. " of '" .. name .. "'", level + 1)
  end
  return text
end

app = raw_setmetatable({}, {
  __index = function(_, name)
    name = tostring(name)
    return function(...)
      local text = joined(2, name, ...)
      ask(2, "application", name, text)
    end
  end,
  __newindex = function()
    error("`app` holds the applications and nothing else", 2)
  end,
})

local function write(level, name, value)
  if value == nil then
    ask(level + 1, "write", name)
  else
    local text = joined(level + 1, name, value)
    ask(level + 1, "write", name, text)
  end
end

local variable = {}
variable.__index = {
  get = function(self)
    local value = ask(2, "read", self.name)
    return value
  end,
  set = function(self, value)
    write(2, self.name, value)
  end,
}
variable.__call = function(self, ...)
  local text = joined(2, self.name, ...)
  return raw_setmetatable({ name = self.name .. "(" .. text .. ")" }, variable)
end

channel = raw_setmetatable({}, {
  __index = function(_, name)
    return raw_setmetatable({ name = tostring(name) }, variable)
  end,
  __newindex = function(_, name, value)
    write(2, tostring(name), value)
  end,
})

function check_hangup()
  local is_over = ask(2, "over")
  return is_over
end

-- Media never waits for a script here; what was asked for is only remembered.
local autoservice = false
function autoservice_start()
  autoservice = true
  return true
end
function autoservice_stop()
  autoservice = false
  return true
end
function autoservice_status()
  return autoservice
end

function print(...)
  local parts = {}
  for index = 1, select("#", ...) do
    parts[index] = tostring((select(index, ...)))
  end
  say(concat(parts, "\t"))
end

-- A loop without an end is not to be caught.
local function guard(is_fine, ...)
  local complaint = guard_spent(is_fine)
  if complaint then
    error(complaint, 0)
  end
  return is_fine, ...
end
function pcall(...)
  return guard(raw_pcall(...))
end
function xpcall(...)
  return guard(raw_xpcall(...))
end

-- Orders from a coroutine of the script go through whoever resumed it.
local function resumed(co, ok, first, ...)
  if ok and rawequal(first, mark) then
    return resumed(co, raw_resume(co, raw_yield(mark, ...)))
  end
  return guard(ok, first, ...)
end
function coroutine.resume(co, ...)
  return resumed(co, raw_resume(co, ...))
end
local function results(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end
function coroutine.wrap(body)
  local co = create(body)
  return function(...)
    return results(coroutine.resume(co, ...))
  end
end

-- Compiled code is not checked by Lua, and a finalizer cannot be interrupted.
function load(chunk, name, _, ...)
  return guard(raw_load(chunk, name, "t", ...))
end
function setmetatable(object, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    error("__gc is not possible here", 2)
  end
  return raw_setmetatable(object, meta)
end
string.dump = nil

-- Words of Lua 5.1.
unpack = table.unpack
loadstring = load
table.getn = function(list)
  return #list
end

-- Files are read beside extensions.lua, while it is loaded.
local loaded = { string = string, table = table, math = math, coroutine = coroutine, utf8 = utf8, os = os }
package = { loaded = loaded, path = "?.lua" }
function require(name)
  if loaded[name] ~= nil then
    return loaded[name]
  end
  local chunk = ask(2, "module", name)
  local value = chunk(name)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name]
end
function dofile(name)
  local chunk = ask(2, "file", name)
  return chunk()
end
function loadfile(name)
  local chunk = ask(2, "file", name)
  return chunk
end
