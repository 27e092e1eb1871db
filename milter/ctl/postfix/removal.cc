// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/removal.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "milter/ctl/postfix/block_edits.h"
#include "milter/ctl/postfix/config_text.h"
#include "milter/ctl/postfix/milter_list.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::string_view way_to_gate = "icloud-gate:";
constexpr std::string_view written_out = "inline:{";  // a table within a value
constexpr std::string_view separators = ", \t\r\n";

// Where in an edited text that piece may be looked for: the value, or the service, it was put into.
std::optional<Span> home_of(std::string_view text, const Insertion& one) {
  if (one.service.empty()) {
    if (one.parameter.empty()) return Span{.begin = 0, .end = text.size()};
    return find_value(text, one.parameter);
  }
  const auto slash = one.service.rfind('/');
  return find_service(text, one.service.substr(0, slash), one.service.substr(slash + 1));
}

// Tables that are written out are the same whatever blanks are in them.
std::string without_blanks(std::string_view piece) {
  std::string text;
  for (const char c : piece) {
    if (separators.find(c) == std::string_view::npos) text += c;
  }
  return text;
}

// `list` with each of its pieces as `rest_of` gives it back; an empty one goes with the separators
// on one side of it.
template <class RestOf>
std::string rewritten(std::string_view list, RestOf rest_of) {
  std::string out(list);
  const auto pieces = split_list(list);
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    const std::string rest = rest_of(*piece);
    if (rest == *piece) continue;
    auto begin = static_cast<std::size_t>(piece->data() - list.data());
    auto end = begin + piece->size();
    if (rest.empty() && piece->data() == pieces.front().data()) {
      while (end < out.size() && separators.find(out[end]) != std::string_view::npos) ++end;
    } else if (rest.empty()) {
      while (separators.find(out[begin - 1]) != std::string_view::npos) --begin;
    }
    out.replace(begin, end - begin, rest);
  }
  return out;
}

// A table that is written out, without the ways to our gate.
std::string without_ways_to_gate(std::string_view table) {
  if (!table.starts_with(written_out) || !table.ends_with('}')) return std::string(table);
  table.remove_suffix(1);
  const std::string rest = rewritten(table.substr(written_out.size()), [](std::string_view entry) {
    return entry.find(way_to_gate) == std::string_view::npos ? std::string(entry) : "";
  });
  return trim(rest).empty() ? "" : fmt::format("{}{}}}", written_out, rest);
}

bool is_list_of_milters(std::string_view parameter) { return parameter.ends_with("smtpd_milters"); }

// An entry of main.cf that was edited, as its administrator wants it without us; nothing where all
// of it was ours.
std::string rest_of_entry(std::string_view line, std::string_view ours) {
  const std::string_view name = parameter_name(line);
  // Nobody else has a use for these.
  if (name.starts_with("icloud-")) return "";
  if (line == ours) return "";
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return "";
  const auto value_of = [](std::string_view entry) {
    return trim(entry.substr(std::min(entry.find('='), entry.size() - 1) + 1));
  };
  const std::string rest = without(name, line.substr(equals + 1), value_of(ours));
  return trim(rest).empty() ? "" : std::string(line.substr(0, equals + 1)) + rest;
}

// The comments of `text` that are not among those of `ours`.
std::string others_comments(std::string_view text, std::string_view ours) {
  std::string kept;
  for (const std::string_view line : split(text, '\n')) {
    if (!trim(line).starts_with('#') || ours.find(line) != std::string_view::npos) continue;
    kept += fmt::format("{}\n", line);
  }
  return kept;
}

// What others wrote into a block of ours.
std::string rest_of_block(std::string_view block, File file, std::string_view ours) {
  std::map<std::string, std::string_view> known;
  for (const Span& line : logical_lines(ours)) {
    known[entry_name(file, line.of(ours))] = line.of(ours);
  }
  std::string kept;
  std::size_t done = 0;
  for (const Span& line : logical_lines(block)) {
    kept += others_comments(block.substr(done, line.begin - done), ours);
    done = line.end;
    const auto entry = known.find(entry_name(file, line.of(block)));
    if (entry == known.end()) {
      kept += line.of(block);
    } else if (file == File::main_cf) {
      kept += rest_of_entry(line.of(block), entry->second);
    }
  }
  return kept + others_comments(block.substr(done), ours);
}

// A block that was edited.
void take_block(Removal& removal, File file, const Insertion& one) {
  const auto begin = removal.text.find(block_begin);
  const auto end = begin == std::string::npos ? begin : removal.text.find(block_end, begin);
  if (end == std::string::npos) {
    removal.left.push_back(fmt::format(
        "{}: the lines between \"# icloud-milter: begin\" and \"# icloud-milter: end\" are not "
        "there any more; whatever is left of them is for you to take out",
        to_string(file)));
    removal.drift.push_back(
        fmt::format("{}: the lines between \"# icloud-milter: begin\" and \"# icloud-milter: end\" "
                    "are not there any more",
                    to_string(file)));
    return;
  }
  const std::string block = removal.text.substr(begin, end + block_end.size() - begin);
  const std::string kept = rest_of_block(block, file, one.text);
  const std::string above = removal.text.substr(0, begin);
  const std::string below = removal.text.substr(begin + block.size());
  for (const std::string& edit : edits_of(block, above + below, file, one.text)) {
    removal.drift.push_back(
        fmt::format("{}: in the lines that \"enable\" wrote, {}", to_string(file), edit));
  }
  removal.text = without_moved(above, block, file, one.text) + kept +
                 without_moved(below, block, file, one.text);
  removal.left.push_back(
      fmt::format("{}: the lines of icloud-milter were edited since; disable takes them out{}",
                  to_string(file), kept.empty() ? "" : ", and leaves what was added among them"));
}

// The value that a piece was put into: of main.cf, or of a service's -o.
std::optional<Span> value_of(std::string_view text, const Insertion& one) {
  const auto home = home_of(text, one);
  if (!home || one.parameter.empty() || one.service.empty()) return home;
  std::optional<Span> found;
  for (const Override& option : overrides_in(text, *home)) {
    if (option.name == one.parameter) found = option.value;
  }
  return found;
}

// "master.cf: smtp/inet: smtpd_milters"
std::string place_of(File file, const Insertion& one) {
  return fmt::format("{}: {}{}{}", to_string(file), one.service, one.service.empty() ? "" : ": ",
                     one.parameter);
}

// A value that was edited.
bool take_from_value(Removal& removal, File file, const Insertion& one) {
  const auto home = value_of(removal.text, one);
  if (!home || one.parameter.empty()) return false;
  const std::string before(home->of(removal.text));
  const std::string after = without(one.parameter, before, one.text);
  if (after == before) return false;
  removal.text.replace(home->begin, home->end - home->begin, after);
  removal.left.push_back(
      fmt::format("{} was edited since; disable takes out what icloud-milter has in it, and leaves "
                  "the rest",
                  place_of(file, one)));
  removal.drift.push_back(
      fmt::format("{} has \"{}\" in another place or form than \"enable\" gave it",
                  place_of(file, one), excerpt(trim(one.text))));
  return true;
}

void take_one(Removal& removal, File file, const Insertion& one) {
  const auto home = home_of(removal.text, one);
  if (home) {
    const auto at = home->of(removal.text).find(one.text);
    if (at != std::string_view::npos) {
      removal.text.erase(home->begin + at, one.text.size());
      return;
    }
  }
  if (one.parameter.empty() && one.service.empty()) return take_block(removal, file, one);
  if (take_from_value(removal, file, one)) return;
  removal.left.push_back(fmt::format(
      "{} was edited since; \"{}\" is not in it as it was put there: see that nothing of "
      "icloud-milter is left",
      place_of(file, one), excerpt(trim(one.text))));
  removal.drift.push_back(fmt::format("{} lacks \"{}\", which \"enable\" put there",
                                      place_of(file, one), excerpt(trim(one.text))));
}

}  // namespace

Removal take_out(std::string_view text, File file, const std::vector<Insertion>& insertions) {
  Removal removal{.text = std::string(text), .left = {}, .drift = {}};
  const std::vector<Insertion> all = of_file(file, insertions);
  for (auto one = all.rbegin(); one != all.rend(); ++one) take_one(removal, file, *one);
  return removal;
}

std::string without(std::string_view parameter, std::string_view value, std::string_view ours) {
  std::vector<std::string> known;
  for (const std::string_view one : split_list(ours)) known.push_back(without_blanks(one));
  const auto known_milters = parse_milter_list(ours);
  return rewritten(value, [&](std::string_view piece) {
    if (is_list_of_milters(parameter)) {
      const auto entries = parse_milter_list(piece);
      const bool is_ours = std::ranges::any_of(known_milters, [&](const MilterEntry& one) {
        return entries.size() == 1 && entries.front().endpoint == one.endpoint;
      });
      return is_ours ? "" : std::string(piece);
    }
    const bool is_ours = std::ranges::find(known, without_blanks(piece)) != known.end();
    return is_ours ? "" : without_ways_to_gate(piece);
  });
}

}  // namespace icm::ctl::postfix
