-- What belongs together in a row of a formula's tree: brackets and bars, which TeX leaves lying side by side, become nodes
-- of their own ("fence"), so that speech.lua can say where each begins and ends.

return function(symbols)
  local M = {}

  local opening = {["("] = true, ["["] = true, ["{"] = true, ["⟨"] = true, ["⌊"] = true, ["⌈"] = true, ["|"] = true, ["‖"] = true, ["⟮"] = true}
  local closing = {[")"] = true, ["]"] = true, ["}"] = true, ["⟩"] = true, ["⌋"] = true, ["⌉"] = true, ["|"] = true, ["‖"] = true, ["⟯"] = true}
  local bars = {["|"] = "|", ["‖"] = "‖", ["∣"] = "∣", ["∥"] = "∥"}
  local opened = {group = true, style = true, colour = true, size = true, lap = true, raise = true, box = true}
  local unseen = {phantom = true, rule = true}
  local invisible = {["\u{2061}"] = true, ["\u{2062}"] = true, ["\u{2063}"] = true, ["\u{200b}"] = true}

  local function empty(list) return list == nil or #list == 0 or #M.flat(list) == 0 end

  -- Scripts that hold nothing: x_{}.
  local function bare(node)
    return node.base and (node.primes or 0) == 0 and empty(node.sub) and empty(node.sup) and empty(node.presub) and empty(node.presup)
  end

  local function flatten(list, pauses, out)
    for _, node in ipairs(list) do
      local kind = node.k
      if opened[kind] then
        flatten(node.list, pauses, out)
      elseif kind == "space" then
        if pauses and node.em and node.em >= 1 then out[#out + 1] = {k = "pause"} end
      elseif kind == "scripts" and bare(node) then
        flatten({node.base}, pauses, out)
      elseif kind == "big" then
        local class = node.cls ~= "rel" and node.cls or "ord"
        if class == "ord" and not bars[node.delim] then class = opening[node.delim] and "open" or closing[node.delim] and "close" or "ord" end
        out[#out + 1] = {k = "sym", ch = node.delim, cls = class}
      elseif not unseen[kind] and not invisible[node.ch] then
        out[#out + 1] = node
      end
    end
    return out
  end

  local function changes(node)
    local kind = node.k
    return opened[kind] or unseen[kind] or kind == "space" or kind == "big" or kind == "scripts" and bare(node) or invisible[node.ch]
  end

  --- The nodes that are spoken: groups and styles opened, spaces left out. `pauses` keeps the wide spaces, which part what
  --- they stand between. Not to be changed: it is the list itself where nothing is left out.
  function M.flat(list, pauses)
    for _, node in ipairs(list) do
      if changes(node) then return flatten(list, pauses, {}) end
    end
    return list
  end

  function M.is_sign(node, char) return node ~= nil and node.k == "sym" and node.ch == char end

  -- The sign that a node is, or that its scripts are attached to.
  local function sign(node)
    if node.k == "sym" then return node end
    if node.k ~= "scripts" or not node.base then return nil end
    if node.base.k == "sym" then return node.base end
    if node.base.k ~= "big" and not opened[node.base.k] then return nil end
    local base = flatten({node.base}, false, {})
    return #base == 1 and base[1].k == "sym" and base[1] or nil
  end

  -- The same scripts on another base.
  local function attached(node, base)
    if node.k ~= "scripts" then return base end
    return {k = "scripts", base = base, sub = node.sub, sup = node.sup, primes = node.primes}
  end

  local function append(list, more)
    for _, node in ipairs(more) do list[#list + 1] = node end
  end

  -- |ψ⟩ and ⟨φ|: where a bar stands in for the other bracket, which of the nodes it is.
  local function bar_in(nodes, from, to, step)
    for at = from, to, step do
      if M.is_sign(nodes[at], "|") then return at end
    end
    return nil
  end

  local function fence(open, close, list) return {k = "fence", open = open, close = close, list = list} end

  -- Brackets; one that has no partner stays a sign.
  local function brackets(nodes)
    local frames = {{list = {}}}
    for _, node in ipairs(nodes) do
      local mark, top = sign(node), frames[#frames]
      if node.k == "sym" and node.cls == "open" and opening[node.ch] then
        frames[#frames + 1] = {open = node, list = {}}
      elseif mark and mark.cls == "close" and closing[mark.ch] and #frames > 1 then
        frames[#frames] = nil
        local list = frames[#frames].list
        list[#list + 1] = attached(node, fence(top.open.ch, mark.ch, top.list))
      elseif mark and mark.ch == "⟩" and bar_in(top.list, #top.list, 1, -1) then
        local at = bar_in(top.list, #top.list, 1, -1)
        local inner = {table.unpack(top.list, at + 1)}
        top.list = {table.unpack(top.list, 1, at - 1)}
        top.list[at] = attached(node, fence("|", "⟩", inner))
      else
        top.list[#top.list + 1] = node
      end
    end
    while #frames > 1 do
      local top = table.remove(frames)
      local list, at = frames[#frames].list, top.open.ch == "⟨" and bar_in(top.list, 1, #top.list, 1)
      list[#list + 1] = at and fence("⟨", "|", {table.unpack(top.list, 1, at - 1)}) or top.open
      append(list, {table.unpack(top.list, (at or 0) + 1)})
    end
    return frames[1].list
  end

  -- Something that a bar may close: no sign of an operation, and no function, which wants an argument.
  local function operand(node)
    if not node or node.k == "func" or node.k == "pause" then return false end
    local mark = sign(node)
    if not mark then return not (node.k == "scripts" and node.base and node.base.k == "func") end
    if mark.cls == "op" then return false end
    return node.k == "scripts" or mark.cls == "ord" and mark.ch ~= "/" or mark.cls == "close" or mark.cls == "inner"
  end

  -- Bars have no direction: one opens where an operand is wanted, or where enough others follow; one that nothing closes
  -- stays a sign.
  local function barred(nodes)
    local left = {}
    for _, node in ipairs(nodes) do
      local mark = sign(node)
      if mark and bars[mark.ch] then left[mark.ch] = (left[mark.ch] or 0) + 1 end
    end
    if not next(left) then return nodes end
    local frames = {{list = {}}}
    for _, node in ipairs(nodes) do
      local mark, top = sign(node), frames[#frames]
      local bar = mark and bars[mark.ch]
      if bar then left[bar] = left[bar] - 1 end
      local previous = top.list[#top.list]
      local one_way = bar == "∣" or bar == "∥" -- \mid and \parallel seldom enclose anything
      if bar and top.bar == bar and (operand(previous) or #top.list == 1 and M.is_sign(previous, "⋅")) then
        frames[#frames] = nil
        local list = frames[#frames].list
        local inner = top.list[1]
        local double = bar == "|" and #top.list == 1 and inner.k == "fence" and inner.open == "|" and inner.close == "|" -- ||x||
        local open = (double or bar == "∥") and "‖" or bar == "∣" and "|" or bar
        list[#list + 1] = attached(node, fence(open, open, double and inner.list or top.list))
      elseif bar and node.k == "sym" and (not operand(previous) or not one_way and left[bar] % 2 == 1) and left[bar] > 0 then
        frames[#frames + 1] = {bar = bar, open = node, list = {}}
      else
        top.list[#top.list + 1] = node
      end
    end
    while #frames > 1 do
      local top = table.remove(frames)
      local list = frames[#frames].list
      list[#list + 1] = top.open
      append(list, top.list)
    end
    -- p || q
    local out = {}
    for _, node in ipairs(frames[1].list) do
      local mark = sign(node)
      if mark and mark.ch == "|" and M.is_sign(out[#out], "|") then out[#out] = attached(node, symbols.char["‖"])
      else out[#out + 1] = node end
    end
    return out
  end

  --- The nodes of a row, with brackets and bars as fences. `inside` is the bracket around: in ⟨a|b⟩ a bar parts.
  function M.nested(list, inside)
    local nodes = brackets(M.flat(list, true))
    return inside == "⟨" and nodes or barred(nodes)
  end

  return M
end
