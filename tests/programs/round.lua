-- What lua.sh runs, with names of files that begin with the argument: it says what it finds.
local prefix = ...
local function path(name) return prefix .. name end
local function tell(...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))):gsub(prefix, "", 1) end
    print(table.concat(words, " "))
end

-- Text that is written, read, positioned in and appended to.
local file = assert(io.open(path("text"), "w+"))
file:setvbuf("full", 64)
for i = 1, 200 do assert(file:write(i, " ", i * i % 97, "\n")) end
tell(file:seek("set", 10), file:read("l", "n", "l"))
tell(file:seek("cur", -3), file:read(2))
tell(file:seek("end", -6), file:read("a"))
assert(file:close())
file = assert(io.open(path("text"), "a+b"))
assert(file:write("the end\n"))
tell(file:seek("set", 0), file:read("l"))
file:close()
local count, last = 0, nil
for line in io.lines(path("text")) do count, last = count + 1, line end
tell(count, last)

-- The default files.
io.output(path("default"))
io.write(("x"):rep(10000), "\n")
io.close()
io.input(path("default"))
tell(#io.read("a"), io.type(io.input()))
io.input():close()

-- A chunk as text, with a line for the shell, and as binary: Lua opens that one again.
file = assert(io.open(path("chunk.lua"), "w"))
assert(file:write("#!/usr/bin/lua\nreturn 'text', ...\n"))
file:close()
tell(assert(loadfile(path("chunk.lua")))(1, 2))
file = assert(io.open(path("chunk.luac"), "wb"))
assert(file:write(string.dump(function(...) return "binary", ... end)))
file:close()
tell(assert(loadfile(path("chunk.luac"), "b"))(3))
tell(dofile(path("chunk.luac")))
tell(loadfile(path("chunk.luac"), "t"))

-- Names.
assert(os.rename(path("text"), path("kept")))
tell(io.open(path("text")))
assert(os.rename(path("default"), path("kept")))
tell(#assert(io.open(path("kept"))):read("a"))
for _, name in ipairs {"kept", "chunk.lua", "chunk.luac"} do assert(os.remove(path(name))) end
tell(os.remove(path("kept")))
tell(os.rename(path("kept"), path("text")))
