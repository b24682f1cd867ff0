-- Functions and what they are functions of: where brackets hold arguments (f(x), σ(z), E[X]) and where a factor (p(1 − p)).

return function(speech, words)
  local flat, is_sign = speech.flat, speech.is_sign
  local row, phrase, simple = speech.row, speech.phrase, speech.simple

  -- Letters after which brackets hold arguments: f(x), σ(z), J(θ), p(y).
  local functional = {}
  for _, char in utf8.codes("fghpqPJLFHEOσφϕψℜℑΦΓ") do functional[utf8.char(char)] = true end

  function speech.is_function(node)
    if node.k == "letter" or node.k == "sym" then return functional[node.ch] or false end
    return node.k == "func"
  end

  local function contains(list, test)
    for index, node in ipairs(list) do
      if test(node, list[index + 1]) then return true end
    end
    return false
  end

  -- p(1 − p) and f(1 − f) are products.
  local function product(char, list)
    return contains(list, function(node, following)
      local base = node.k == "scripts" and node.base or node
      return base.ch == char and not (following and following.k == "fence")
    end) or char == "p" and list[1] and list[1].k == "num" and contains(list, function(node) return is_sign(node, "−") end)
  end

  local indicators = {bb = true, bf = true, bm = true, rm = true}

  -- Whether `node` is a function of what the brackets after it hold.
  function speech.takes(node, fence, exponent)
    if node == nil or #flat(fence.list) == 0 then return false end
    local round, list = fence.open == "(", speech.nested(fence.list)
    if node.k == "func" then return round or fence.open == "[" end
    if node.k == "letter" or node.k == "sym" and node.cls == "ord" then
      if not round and not (node.ch == "E" and fence.open == "[") or exponent then return false end
      if functional[node.ch] then return not product(node.ch, list) end
      return node.k == "letter" and contains(list, function(inner) return is_sign(inner, ",") or is_sign(inner, ";") end)
    end
    if node.k == "font" then
      local only = flat(node.list)[1]
      local char = only and #flat(node.list) == 1 and (only.ch or only.text)
      if char == "1" and indicators[node.font] then return true end
      if node.font == "bb" then return (char == "E" or char == "P") and fence.open ~= "{" end
      if speech.plain_name(node) then return round or fence.open == "[" end
      return (round or node.font == "rm" and fence.open == "[") and not exponent and (node.font == "cal" or node.font == "scr" or speech.takes(only, fence))
    end
    if node.k == "scripts" and node.base then
      if speech.range_name(node) then return false end
      -- sin²(x) and f⁽ⁿ⁾(x) are functions of x, p²(1 − p) is a product
      local index = node.sup and flat(node.sup)
      return speech.takes(flat({node.base})[1], fence, index and #index > 0 and not is_sign(index[1], "(") and not is_sign(index[1], "−"))
    end
    if node.k == "accent" then return speech.takes(flat(node.list)[1], fence) end
    if node.k == "class" then return node.cls == "op" end
    return node.k == "text" and round and node.parts[1] and (speech.plain_name(node) or " "):match("^%S+$") ~= nil
  end

  -- "of x"; where the brackets hold more than one thing, or something is attached to them, also where they end.
  function speech.arguments(node)
    local fence = node.k == "scripts" and node.base or node
    local list, spoken = fence.list, speech.shape(flat(fence.list)) or row(fence.list, "(")
    if node.k ~= "scripts" and simple(list) then return phrase("of", spoken), true end
    local words_of = (words.long_of[fence.open] or words.long_of["("]):gsub("{1}", function() return spoken end)
    if node.k ~= "scripts" then return words_of end
    return speech.join({words_of, (speech.scripted({k = "scripts", sub = node.sub, sup = node.sup, primes = node.primes}))})
  end

  function speech.fenced(node)
    local base = node.k == "scripts" and node.base or node
    return base.k == "fence" and base or nil
  end

  -- 1 in any font, of a condition: an indicator.
  function speech.indicates(node, fence)
    local only = node.k == "font" and flat(node.list)
    if not only or #only ~= 1 or only[1].text ~= "1" then return false end
    return fence ~= nil and speech.takes(node, fence)
  end
end
