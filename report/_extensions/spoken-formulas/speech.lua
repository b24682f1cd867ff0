-- Speaks the tree of a formula (tex.lua) in words, for its alternative text: "partial y by partial x sub 2 equals minus 1".
-- The words, of one language, are in a table of their own (words-en.lua); they hold no sign that a screen reader would
-- spell out. Two formulas that mean different things differ in words: a part of several things is said with its end ("x
-- sub i j, end sub"), a part that is one thing without ("x sub i j" is x_i j).

return function(symbols, words, load)
  local speech = {}
  for name, tool in pairs(load("speech-nesting.lua")(symbols)) do speech[name] = tool end
  local flat, is_sign = speech.flat, speech.is_sign
  local speakers, row, simple = {}, nil, nil
  local signs = {}
  for sign, spoken in words.signs:gmatch("(%S+) (%S.-)%s%s") do signs[sign] = spoken end

  -- -- tools ------------------------------------------------------------------------------------------------------------

  local function join(list)
    local kept = {}
    for _, word in ipairs(list) do
      if word and word ~= "" then kept[#kept + 1] = word end
    end
    return table.concat(kept, " ")
  end

  local function phrase(name, ...)
    local parts = {...}
    return (words[name]:gsub("{(%d)}", function(index) return tostring(parts[tonumber(index)]) end))
  end

  -- `forced`: say where it ends, for something is attached to it.
  local function say(node, forced)
    local speaker = speakers[node.k]
    if speaker then return speaker(node, forced) end
    return node.list and row(node.list) or ""
  end

  -- One sign, letter or number, or a word: nothing can be heard as a part of it.
  local function atom(list)
    local nodes = flat(list)
    local node = nodes[1]
    if #nodes ~= 1 then return false end
    if node.k == "sym" then return node.cls == "ord" and node.ch ~= "/" and node.ch ~= "|" and node.ch ~= "‖" or node.cls == "inner" or node.ch == "⋅" end
    if node.k == "font" then return atom(node.list) or speech.plain_name(node) ~= nil end
    if node.k == "accent" then return atom(node.list) end
    if node.k == "frac" then return speech.part_of_one(node) ~= nil end
    return node.k == "letter" or node.k == "num" or node.k == "text" or node.k == "func"
  end

  -- An atom, with or without an index of the same kind.
  simple = function(list)
    if atom(list) then return true end
    local nodes = flat(list)
    local node = nodes[1]
    return #nodes == 1 and node.k == "scripts" and node.base ~= nil and node.sup == nil and atom({node.base}) and (node.sub == nil or simple(node.sub))
  end

  speech.join, speech.phrase, speech.say, speech.simple = join, phrase, say, simple
  speech.row = function(list, inside) return row(list, inside) end

  local function single(list) return #speech.nested(list) == 1 end

  -- A list, and that it is one thing.
  function speech.whole(list) return single(list) and row(list) or phrase("all", row(list)) end
  speech.single = single

  -- -- letters and names ------------------------------------------------------------------------------------------------

  local font = nil -- of the letters that are being spoken
  local font_words = {bf = "bold", bb = "double_struck", frak = "gothic", cal = "script", scr = "formal_script", sf = "sans", tt = "typewriter"}
  -- Upright they mean what they mean in italics, or they are units.
  local usual = {d = true, e = true, E = true, P = true, T = true}

  local function in_font(spoken, char)
    if font == nil then return spoken end
    if font == "bm" then return phrase(char:match("^%a$") and "bold_italic" or "bold", spoken) end
    if font == "rm" then return char:match("^%a$") and not usual[char] and phrase("upright", spoken) or spoken end
    return font_words[font] and phrase(font_words[font], spoken) or spoken
  end

  local function letter(char) return char:match("^%u$") and phrase("capital", char) or char end

  local wordlike = {rm = true, it = true, tt = true, sf = true}

  -- The word that upright letters make: "MSE" of \mathrm{MSE}; of bold letters three make one.
  local function word(list)
    local chars = {}
    for _, node in ipairs(flat(list)) do
      if node.k ~= "letter" and node.k ~= "num" then return nil end
      chars[#chars + 1] = node.ch or node.text
    end
    return table.concat(chars)
  end

  function speech.plain_name(node)
    if node.k == "func" then return node.name end
    if node.k == "text" and #node.parts == 1 and type(node.parts[1]) == "string" then return node.parts[1] end
    if node.k ~= "font" then return nil end
    local name = word(node.list)
    return name and (#name > 1 and wordlike[node.font] or #name > 2 and node.font == "bf") and name or nil
  end

  function speakers.letter(node) return in_font(letter(node.ch), node.ch) end
  function speakers.num(node) return in_font(node.text:gsub("^%.", "0.") .. "", "1") end
  local function negation(said)
    local relation, negated = table.unpack(words.negated_relation)
    local changed, count = said:gsub(relation, negated)
    return count > 0 and changed or phrase("negated", said)
  end

  -- The words of a sign; of a negated one, if it has none, those of what it negates.
  local function sign_words(node)
    local known = signs[node.name] or signs[node.ch]
    if known or not node.negates then return known or node.ch end
    return negation(signs[node.negates] or node.negates)
  end

  function speakers.sym(node)
    local spoken = sign_words(node)
    return node.cls == "ord" and in_font(spoken, node.ch) or spoken
  end
  function speakers.func(node) return words.functions[node.name] or node.name end

  function speakers.text(node)
    local spoken = {}
    for _, part in ipairs(node.parts) do
      spoken[#spoken + 1] = type(part) ~= "string" and say(part) or part:gsub("\u{a0}", " "):gsub(utf8.charpattern, function(sign)
        return words.text_signs[sign] and " " .. words.text_signs[sign] .. " "
      end)
    end
    local only = node.parts[1]
    if #node.parts ~= 1 or type(only) ~= "string" or not only:match("^%a$") then return table.concat(spoken, " ") end
    return node.font == "it" and letter(only) or phrase(font_words[node.font] or "upright", letter(only))
  end

  function speakers.font(node)
    local inner = flat(node.list)
    local only = #inner == 1 and inner[1]
    if node.font == "bb" and only and words.number_sets[only.ch or only.text] then return words.number_sets[only.ch or only.text] end
    local name = speech.plain_name(node)
    if name then
      local spoken = words.ordinals[name] or words.functions[name] or name
      return node.font == "bf" and phrase("bold", spoken) or spoken
    end
    local outer = font
    font = node.font
    local spoken = {}
    if wordlike[font] then
      -- Letters next to each other are one word.
      local run = {}
      local function flush()
        local name = #run > 1 and word(run)
        spoken[#spoken + 1] = name or row(run)
        run = {}
      end
      local kind = nil
      for _, piece in ipairs(node.list) do
        local lettered = piece.k == "letter" or piece.k == "num"
        if lettered ~= kind then flush() end
        kind = lettered
        run[#run + 1] = piece
      end
      flush()
    else
      spoken[1] = row(node.list)
    end
    font = outer
    return join(spoken)
  end

  -- -- fractions --------------------------------------------------------------------------------------------------------

  function speech.part_of_one(node)
    local num, den = flat(node.num), flat(node.den)
    return #num == 1 and #den == 1 and num[1].k == "num" and den[1].k == "num" and words.parts_of_one[num[1].text .. "/" .. den[1].text] or nil
  end

  local function differential(node)
    if node == nil then return nil end
    if node.k == "scripts" and node.base and not node.sub then return differential(flat({node.base})[1]) end
    if node.k == "font" then return differential(flat(node.list)[1]) end
    return is_sign(node, "∂") and "∂" or node.k == "letter" and node.ch == "d" and "d" or nil
  end

  -- ∂²f(x) over ∂x²: a differential and one thing, with its arguments; "by" is then enough.
  local function derivative(node)
    local num, den = speech.nested(node.num), speech.nested(node.den)
    local kind = differential(num[1])
    if not kind or kind ~= differential(den[1]) or #den < 2 or differential(num[2]) then return nil end
    local argument = num[3] and num[3].k == "fence" and (num[3].open == "(" or num[3].open == "[")
    if #num > 3 or #num == 3 and not argument then return nil end
    local below = den[2]
    if below.k == "scripts" and below.sup and #flat(below.sup) == 1 then below = {k = "scripts", base = below.base, sub = below.sub, primes = below.primes} end
    return row(node.num), row(node.den), #den == 2 and simple({below}) and den[1].k ~= "scripts"
  end

  function speakers.frac(node, forced)
    local known = speech.part_of_one(node)
    if known and not forced then return known end
    local above, below, short = derivative(node)
    if above then return phrase(short and not forced and "derivative" or "long_derivative", above, below) end
    local num, den = row(node.num), row(node.den)
    if not forced and simple(node.num) and simple(node.den) then return phrase("over", num, den), true end
    local nested = (" " .. num .. " " .. den .. " "):find(words.over_inside)
    return phrase(nested and "fraction_of_fractions" or "fraction", num, den)
  end

  function speakers.binom(node, forced)
    local short = not forced and simple(node.num) and simple(node.den)
    return phrase(short and "choose" or "binomial", row(node.num), row(node.den)), short
  end

  -- -- brackets ---------------------------------------------------------------------------------------------------------

  -- Atoms with × between them are a shape: n × d; in small print brackets too.
  function speech.shape(nodes, small)
    if #nodes < 3 or #nodes % 2 == 0 then return nil end
    local spoken = {}
    for index, node in ipairs(nodes) do
      if index % 2 == 0 and not is_sign(node, "×") or index % 2 == 1 and not simple({node}) and not (small and node.k == "fence") then return nil end
      spoken[index] = index % 2 == 0 and words.by or say(node)
    end
    return join(spoken)
  end

  function speakers.fence(node, forced)
    local list = flat(node.list)
    -- A brace or a bar around a table says nothing that the table does not.
    if #list == 1 and list[1].k == "env" then
      if node.open == "{" and node.close == "" then return phrase("system", row(list)) end
      if (node.open == "[" or node.open == "(") and node.close ~= "" then return row(list) end
      if node.open == "|" and node.close == "|" then return phrase("determinant", row(list)) end
    end
    local pair = node.open .. node.close
    if words.enclosed[pair] then
      local short = not forced and simple(node.list)
      return ((short and words.enclosed or words.long_enclosed)[pair]:gsub("{1}", function() return row(node.list) end)), short
    end
    local close = node.open == "" and node.close == "|" and words.evaluation_bar or words.opened[node.close]
    return join({words.opened[node.open] or "", speech.shape(list) or row(node.list, node.open), close})
  end

  -- -- nodes ------------------------------------------------------------------------------------------------------------

  function speakers.group(node) return row(node.list) end
  function speakers.sqrt(node, forced)
    local index = node.index and #flat(node.index) > 0 and node.index
    local root, only = "square_root", index and flat(index)[1]
    if index then root = #flat(index) == 1 and only.text == "3" and "cube_root" or "root" end
    local order = index and (simple(index) and row(index) or phrase("order", row(index)))
    local spoken = phrase(root, row(node.list), order)
    local short = not forced and atom(node.list)
    return short and spoken or phrase("long_root", spoken), short
  end
  function speakers.accent(node)
    local vector = node.accent == "vec"
    if atom(node.list) then return vector and phrase("vector", row(node.list)) or phrase("accented", row(node.list), words.accents[node.accent] or node.accent) end
    return vector and phrase("long_vector", row(node.list)) or phrase("long_accented", row(node.list), words.accents[node.accent] or node.accent)
  end
  function speakers.brace(node) return phrase("braced", speech.whole(node.list)) end
  function speakers.middle(node) return node.delim == "/" and signs["/"] or words.opened[node.delim] or "" end
  function speakers.stack(node)
    local base = flat(node.base)
    local name = #base > 0 and (speech.plain_name(base[1]) or base[1].k == "sym" and base[1].cls == "op" and say(base[1]))
    if node.under and not node.over and name and (#base == 1 or base[1].k == "func") then
      return speech.ranged(words.ranging[name] or row(node.base):gsub("^the ", ""), {sub = node.under})
    end
    local spoken = {speech.whole(node.base)}
    local function mark(list)
      local nodes = speech.nested(list)
      return #nodes == 1 and is_sign(nodes[1], "∼") and words.tilde or speech.shape(nodes, true) or row(list)
    end
    if node.over then spoken[#spoken + 1] = phrase("above", mark(node.over)) end
    if node.under then spoken[#spoken + 1] = phrase("below", mark(node.under)) end
    return join(spoken)
  end
  function speakers.arrow(node)
    local spoken = {words.arrows[node.ch] or signs[node.ch] or node.ch}
    if node.over and #flat(node.over) > 0 then spoken[#spoken + 1] = phrase(simple(node.over) and "labelled" or "long_labelled", row(node.over)) end
    if node.under and #flat(node.under) > 0 then spoken[#spoken + 1] = phrase("below", row(node.under)) end
    return join(spoken)
  end
  function speakers.class(node) return row(node.list) end
  function speakers.cancel(node) return phrase("crossed", speech.whole(node.list)) end
  function speakers.negated(node) return negation(row(node.list)) end
  function speakers.tag(node) return phrase("tagged", (speakers.text(node):gsub("[()]", ""))) end
  function speakers.pause() return "," end

  -- -- rows -------------------------------------------------------------------------------------------------------------

  -- Signs that mean something else beside certain neighbours.
  local function beside(node, previous, following, inside, mapping)
    local char = node.k == "sym" and node.ch or node.k == "middle" and node.delim
    if char == "|" or char == "∣" then return inside == "{" and words.such_that or inside == "⟨" and words.bar or words.given end
    if char == "‖" or char == "∥" then return (char == "‖" or inside) and words.double_bar or words.parallel end
    if char == "!" and not previous then return words.exclamation end
    if char == ":" and inside == "{" then return words.such_that end
    if char == "→" and mapping then return words.to end
    if char == "/" and differential(following) == "∂" then return words.by end
    if char == "×" or char == "⋅" then
      local function is(kind, other) return other and (other.k == kind or other.k == "scripts" and other.base and other.base.k == kind) end
      local function bold(other)
        other = other and other.k == "scripts" and other.base or other
        return other and (other.k == "font" and (other.font == "bf" or other.font == "bm") or other.k == "accent" and other.accent == "vec")
      end
      if char == "⋅" and (is("num", previous) or is("num", following)) then return words.times end
      local nabla = previous and (is_sign(previous, "∇") or previous.k == "scripts" and is_sign(previous.base, "∇"))
      if char == "×" and (nabla or bold(previous) and bold(following)) then return words.cross end
    end
    return nil
  end

  local factors = {letter = true, num = true, font = true, accent = true, frac = true, sqrt = true, func = true, binom = true}

  -- What is multiplied by what stands before it: "e to the power x times y".
  local function factor(node, following)
    if node.k == "letter" and node.ch == "d" and following then return false end
    if node.k == "scripts" and node.base then return factor(flat({node.base})[1] or node.base, true) end
    if node.k == "font" and node.font == "rm" and not speech.plain_name(node) then return factor(flat(node.list)[1] or {}, following) end
    if node.k == "sym" then return node.cls == "ord" and #node.ch == 2 and sign_words(node):match("^%l+$") ~= nil end
    return factors[node.k] or node.k == "fence" and words.enclosed[node.open .. node.close] ~= nil
  end

  -- Scripts on nothing, where a base could only follow: {}_nC_k.
  local function before_base(node, previous)
    if node.k ~= "scripts" or node.base and #flat({node.base}) > 0 then return nil end
    if previous and not (previous.k == "sym" and previous.cls ~= "ord" and previous.cls ~= "close") then return nil end
    return speech.scripted({k = "scripts", presub = node.sub, presup = node.sup, primes = node.primes})
  end

  local ending = {rel = true, close = true, punct = true}

  -- Five letters or more that could be a word are one, though the author set no text: "Precision".
  local function spelled(nodes)
    local out, run = {}, {}
    local function flush(following)
      local name = #run >= 5 and not (following and following.k == "scripts") and word(run)
      if name and name:match("^%u?%l+$") and name:match("[aeiou]") then run = {{k = "text", font = "it", parts = {name}}} end
      for _, node in ipairs(run) do out[#out + 1] = node end
      run = {}
    end
    for _, node in ipairs(nodes) do
      if node.k == "letter" and node.ch:match("^%a$") then run[#run + 1] = node
      else
        flush(node)
        out[#out + 1] = node
      end
    end
    flush()
    return out
  end

  -- A list in its order, with what only neighbours tell: f(x), |x|, a product of derivatives. `inside` is the bracket around.
  row = function(list, inside)
    local nodes, spoken, at = spelled(speech.nested(list, inside)), {}, 1
    local mapping = false -- f: X → Y
    local open = false -- what was said last could be heard to go on
    while at <= #nodes do
      local node, previous, following = nodes[at], nodes[at - 1], nodes[at + 1]
      local fence = speech.fenced(node)
      mapping = mapping or is_sign(node, ":")
      local said, still = beside(node, previous, following, inside, mapping) or before_base(node, previous), nil
      if fence and speech.takes(previous, fence) then
        said, still = speech.arguments(node)
        spoken[#spoken] = spoken[#spoken]:gsub(words.of_at_end, "%1")
      elseif is_sign(node, ":") and is_sign(following, "=") then
        said, at = words.defined_as, at + 1
      elseif (is_sign(node, "…") or is_sign(node, "⋯")) and is_sign(previous, ",") and is_sign(following, ",") and nodes[at + 2] then
        said, at = words.and_so_on_to, at + 1
      elseif node.k == "func" and node.name == "arg" and following then
        local extreme = following.k == "scripts" and following.base or following
        local name = words.arg[extreme.name]
        if name and following.k == "scripts" and following.sub then said = speech.ranged(name, following) else said = name end
        if name then at = at + 1 else said = say(node) end
      elseif speech.indicates(node, following and speech.fenced(following)) then
        said = words.number_sets["1"]
      elseif not said then
        local name = speech.range_name(node)
        if name then said = speech.ranged(name, node) else said, still = say(node) end
        -- "the sum over i of" wants something to follow
        if following == nil then said = said:gsub(words.of_at_end, "%1")
        elseif following.k == "sym" and ending[following.cls] then said = said:gsub(words.of_at_end, name and node.k == "scripts" and words.end_range or "%1") end
      end
      if (open or node.k == "frac" and previous and previous.k == "frac") and factor(node, following) then spoken[#spoken + 1] = words.times end
      spoken[#spoken + 1] = said
      open = still
      at = at + 1
    end
    return join(spoken)
  end

  -- The full stop or comma after a displayed formula belongs to the sentence around it.
  function speech.trimmed(list)
    local nodes = flat(list, true)
    local last = #nodes
    while last > 1 and (nodes[last].k == "pause" or is_sign(nodes[last], ",") or is_sign(nodes[last], ".") or is_sign(nodes[last], ";")) do last = last - 1 end
    return {table.unpack(nodes, 1, last)}
  end

  load("speech-functions.lua")(speech, words)
  for name, tool in pairs(load("speech-scripts.lua")(speech, words)) do speech[name] = tool end
  speakers.scripts = speech.scripted
  speakers.env = load("speech-tables.lua")(speech, words)

  -- Pauses and blanks as they are written in a sentence.
  local function tidy(spoken)
    spoken = " " .. spoken .. " "
    spoken = spoken:gsub("\u{2009}", " "):gsub("\u{a0}", " "):gsub("%s+", " "):gsub(" ([,;])", "%1"):gsub(" %.(%s)", ".%1")
    spoken = spoken:gsub(",[,%s]*,", ","):gsub(",%s*([;.:])", "%1"):gsub("^[%s,]+", ""):gsub("[%s,]+$", "")
    return spoken
  end

  --- The words for a formula's tree.
  local function speak(tree)
    local nodes = speech.trimmed(tree)
    local spoken = tidy(speech.shape(nodes) or row(nodes))
    for _, mark in ipairs(words.ends) do
      local cut = #spoken - #mark
      if cut > 0 and spoken:sub(cut + 1) == mark then
        spoken = spoken:sub(1, cut):gsub("[%s,;]+$", "")
        break
      end
    end
    return spoken == "" and words.blank or spoken
  end

  return {say = speak}
end
