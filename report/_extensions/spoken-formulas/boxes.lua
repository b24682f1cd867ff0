-- Boxes, phantoms, what overlaps or is moved, and what is crossed out.

return function(commands, symbols)
  local function each(names, make)
    for name in names:gmatch("%S+") do commands[name] = make(name) end
  end

  each("phantom hphantom vphantom", function(name)
    local how = name ~= "phantom" and name:sub(1, 1) or nil
    return function(p) return {k = "phantom", how = how, list = p:argument()} end
  end)
  function commands.xmathstrut(p)
    p:raw_optional()
    p:raw_argument()
  end
  each("smash ensuremath cramped vcenter mathstrictstyle shoveleft shoveright adjustlimits mathmbox", function() return function(p)
    p:raw_optional()
    return {k = "group", list = p:argument()}
  end end)
  for names, side in pairs({["mathllap llap textllap crampedllap"] = "l", ["mathrlap rlap textrlap crampedrlap"] = "r", ["mathclap clap textclap crampedclap"] = "c"}) do
    each(names, function(name)
      return function(p)
        p:raw_optional()
        return {k = "lap", side = side, list = (name:match("^math") or name:match("^cramped")) and p:argument() or {p:text_argument("rm")}}
      end
    end)
  end
  function commands.boxed(p) return {k = "box", list = p:argument()} end
  commands.Aboxed = commands.boxed
  each("fbox framebox", function() return function(p)
    while p:raw_optional() do end
    return {k = "box", list = {p:text_argument("rm")}}
  end end)
  function commands.bbox(p)
    local options = p:raw_optional() or ""
    return {k = "box", fill = options:match("#%x%x%x%x%x%x") and options:match("#(%x+)"):lower() or nil, plain = not options:match("border"), list = p:argument()}
  end
  function commands.enclose(p)
    local kind = p:raw_argument()
    p:raw_optional()
    if kind:match("strike") then return {k = "cancel", how = kind:match("updiagonal") and kind:match("downdiagonal") and "both" or kind:match("down") and "down" or "up", list = p:argument()} end
    return {k = "box", list = p:argument()}
  end
  each("mathmakebox makebox mathbox", function() return function(p)
    while p:raw_optional() do end
    return {k = "group", list = p:argument()}
  end end)
  each("parbox minipage", function() return function(p)
    while p:raw_optional() do end
    p:raw_argument()
    return p:text_argument("rm")
  end end)
  for names, how in pairs({["cancel sout st"] = "up", bcancel = "down", xcancel = "both"}) do
    each(names, function() return function(p) return {k = "cancel", how = how, list = p:argument()} end end)
  end
  function commands.cancelto(p)
    local to = p:argument()
    return {k = "scripts", primes = 0, base = {k = "cancel", how = "up", list = p:argument()}, sup = to, becomes = true, closed = true}
  end
  function commands.rule(p)
    p:raw_optional()
    return {k = "rule", width = p:length(p:raw_argument()), height = p:length(p:raw_argument())}
  end
  function commands.Rule(p)
    local width, height = p:length(p:raw_argument()), p:length(p:raw_argument())
    return {k = "rule", width = width, height = height + p:length(p:raw_argument())}
  end
  function commands.Space(p)
    local em = commands.Rule(p).width
    return em ~= 0 and {k = "space", em = em} or nil
  end
  each("raise lower", function(name) return function(p)
    local em = p:length(p:bare_length(name))
    return {k = "raise", em = name == "raise" and em or -em, list = p:argument()}
  end end)
  function commands.raisebox(p)
    local em = p:length(p:raw_argument())
    while p:raw_optional() do end
    return {k = "raise", em = em, list = {p:text_argument("rm")}}
  end
  each("moveleft moveright", function(name) return function(p)
    p:bare_length(name)
    return {k = "group", list = p:argument()}
  end end)
  each("href class style cssId htmlClass htmlId htmlStyle htmlData url", function(name) return function(p)
    local text = p:raw_argument()
    if name == "url" then return {k = "text", font = "tt", parts = {text}} end
    return {k = "group", list = p:argument()}
  end end)
  function commands.unicode(p)
    while p:raw_optional() do end
    local text = p:raw_argument()
    local code = tonumber((text:gsub("^[xU]%+?", "0x")))
    if not code or code > 0x10ffff then p:refuse("\\unicode needs a character's number") end
    return symbols.char[utf8.char(code)] or {k = "letter", ch = utf8.char(code)}
  end
  each("char symbol", function() return function(p)
    local text = p.src:match('^%s*{?[\'"]?%x+}?', p.pos) or ""
    p.pos = p.pos + #text
    local hex, digits = text:match('"(%x+)'), text:match("%d+")
    local code = hex and tonumber(hex, 16) or tonumber(digits or "")
    if not code then p:refuse("\\char needs a character's number") end
    return symbols.char[utf8.char(code)] or {k = "letter", ch = utf8.char(code)}
  end end)
  function commands.skew(p)
    p:raw_argument()
    return p:atom()
  end
end
