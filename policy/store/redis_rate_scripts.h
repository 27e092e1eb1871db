// SPDX-License-Identifier: Apache-2.0
//
// The scripts by which a RedisRateLimiter counts.
#pragma once

#include <string_view>

namespace icm {

// KEYS: for n charges, n counters (hashes: slot → units, "p" → pace), then n lines (sorted sets:
// claim → end). ARGV: the time in milliseconds or "" for the server's, claim or "0", patience, most
// claims of a line, "take" or "look"; then for each charge: length of a slot, slots, usable units,
// pace of a unit in microseconds (0: none), units that may go at once, units.
// Gives: granted, time; for each charge: used, free at, refused, slot, pace before, pace after.
inline constexpr std::string_view rate_take_script = R"(
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local claim, patience, most, purpose = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local charges = #KEYS / 2
-- The servers' time ends keys; a time that is told does not go with it.
local function ends_in(key, span)
  if ARGV[1] == '' then redis.call('PEXPIRE', key, string.format('%.0f', span)) end
end
local takes = purpose == 'take'
local function whole(number) return string.format('%.0f', number) end

local is_known = claim == '0'
for i = 1, charges do
  if is_known then break end
  local ends = redis.call('ZSCORE', KEYS[charges + i], claim)
  is_known = ends and tonumber(ends) > now
end

local function read(i)
  local at = 5 + (i - 1) * 6
  local c = {key = KEYS[i], line = KEYS[charges + i], length = tonumber(ARGV[at + 1]),
             slots = tonumber(ARGV[at + 2]), usable = tonumber(ARGV[at + 3]),
             pace_of_unit = tonumber(ARGV[at + 4]), burst = tonumber(ARGV[at + 5]),
             units = tonumber(ARGV[at + 6]), filled = {}, used = 0, pace = 0, free = now}
  c.current = math.floor(now / c.length)
  local fields = redis.call('HGETALL', c.key)
  for f = 1, #fields, 2 do
    local value = tonumber(fields[f + 1])
    if fields[f] == 'p' then
      c.pace = math.min(value, (now + c.slots * c.length) * 1000)
    else
      local index = tonumber(fields[f])
      if c.slots > 1 and index > c.current then
        if takes then
          redis.call('HDEL', c.key, fields[f])
          redis.call('HINCRBY', c.key, whole(c.current), value)
        end
        index = c.current
      end
      if index <= c.current and index > c.current - c.slots then
        c.used = c.used + value
        table.insert(c.filled, {index, value})
      elseif takes and index < c.current - c.slots - (c.slots > 1 and 0 or 8) then
        redis.call('HDEL', c.key, fields[f])
      end
    end
  end
  return c
end

local function weigh(c)
  local usable = c.usable
  if not is_known then
    local waiting = redis.call('ZCOUNT', c.line, '(' .. whole(now), '+inf')
    usable = math.max(1, usable - math.min(waiting, math.floor(usable / 2)))
  end
  local units = math.min(c.units, usable)
  table.sort(c.filled, function(a, b) return a[1] < b[1] end)
  local used = c.used
  for _, slot in ipairs(c.filled) do
    if used + units <= usable then break end
    used = used - slot[2]
    c.free = (slot[1] + c.slots) * c.length
  end
  if c.pace_of_unit > 0 then
    local earlier = (c.burst - math.min(c.units, c.burst)) * c.pace_of_unit
    c.free = math.max(c.free, math.ceil((c.pace - earlier) / 1000))
  end
  return c.free > now
end

local all, refused = {}, nil
for i = 1, charges do
  local c = read(i)
  c.refused = weigh(c) and 1 or 0
  if c.refused == 1 and not refused then refused = c end
  all[i] = c
end

local answer = {refused and 0 or 1, now}
for i = 1, charges do
  local c = all[i]
  c.pace_after = c.pace
  if takes and not refused then
    redis.call('HINCRBY', c.key, whole(c.current), c.units)
    if c.pace_of_unit > 0 then
      c.pace_after = math.max(c.pace, now * 1000) + c.units * c.pace_of_unit
      redis.call('HSET', c.key, 'p', whole(c.pace_after))
    end
    ends_in(c.key, (c.slots + (c.slots > 1 and 1 or 8)) * c.length)
    redis.call('ZREM', c.line, claim)
  end
  for _, number in ipairs({c.used, c.free, c.refused, c.current, c.pace, c.pace_after}) do
    table.insert(answer, number)
  end
end
if takes and refused and claim ~= '0' then
  redis.call('ZREMRANGEBYSCORE', refused.line, '-inf', whole(now))
  if redis.call('ZCARD', refused.line) < most or redis.call('ZSCORE', refused.line, claim) then
    redis.call('ZADD', refused.line, whole(now + patience), claim)
    ends_in(refused.line, patience)
  end
end
return answer
)";

// KEYS: counters. ARGV: for each: slot, units, pace before, pace after.
inline constexpr std::string_view rate_give_back_script = R"(
for i = 1, #KEYS do
  local at = (i - 1) * 4
  local held = redis.call('HGET', KEYS[i], ARGV[at + 1])
  if held then
    local left = tonumber(held) - tonumber(ARGV[at + 2])
    if left > 0 then
      redis.call('HSET', KEYS[i], ARGV[at + 1], string.format('%.0f', left))
    else
      redis.call('HDEL', KEYS[i], ARGV[at + 1])
    end
  end
  if ARGV[at + 3] ~= ARGV[at + 4] and redis.call('HGET', KEYS[i], 'p') == ARGV[at + 4] then
    redis.call('HSET', KEYS[i], 'p', ARGV[at + 3])
  end
end
return #KEYS
)";

}  // namespace icm
