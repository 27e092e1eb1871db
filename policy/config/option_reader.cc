// SPDX-License-Identifier: Apache-2.0
#include "policy/config/option_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/config/config_reference.h"
#include "policy/config/option_form.h"
#include "policy/rules.h"

namespace icm {
namespace {

using Kind = YamlNode::Kind;
using Severity = ConfigProblem::Severity;

constexpr std::size_t longest_quote = 60;
constexpr std::size_t most_hints = 100;  // finding the nearest name takes time, and who reads more?

std::string quote(std::string_view text) {
  return fmt::format("\"{}\"", for_log(text, longest_quote));
}

// A text as the items of a list: names and networks that blanks part, as Postfix has them, are
// several; what YAML would take for something else is quoted.
std::string as_items(std::string_view text) {
  constexpr auto blanks = " \t\r\n,";
  std::string items;
  for (std::size_t at = 0; (at = text.find_first_not_of(blanks, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    const std::string_view item = text.substr(at, end - at);
    if (item.find_first_of(".:") == std::string_view::npos) return for_log(text, longest_quote);
    const std::string_view quotes =
        item.find_first_of(":[]{}#\"'") == std::string_view::npos ? "" : "\"";
    items += fmt::format("{}{}{}{}", items.empty() ? "" : ", ", quotes,
                         for_log(item, longest_quote), quotes);
    at = end;
    if (items.size() > 4 * longest_quote) return items + ", ...";
  }
  return items;
}

// What stands there, as it follows "got".
std::string found(const YamlNode& node) {
  switch (node.kind) {
    case Kind::nothing:
      return "nothing";
    case Kind::text:
      return quote(node.text);
    case Kind::list:
      return "a list";
    case Kind::map:
      return "options";
    case Kind::refused:
      break;
  }
  return "what cannot be read";
}

// Walks the declarations of config.h with the tree beside it: what was given is read into the
// Config, and what is wrong with it written down.
class Reader : public OptionVisitor<Reader> {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  void read(const YamlTree& tree, Config& config) {
    for (const YamlProblem& problem : tree.problems) complain(problem.place, problem.text);
    if (tree.root.kind == Kind::map) {
      enter(tree.root, "", "section", [&] { describe(config, *this); });
    } else if (tree.root.kind != Kind::nothing && tree.root.kind != Kind::refused) {
      complain(tree.root.place, fmt::format("expected sections such as \"socket:\", got {}{}",
                                            found(tree.root), missing_blank(tree.root)));
    }
  }

  OptionReading finish(Config config) {
    return {std::move(config), std::move(places_), std::move(problems_)};
  }

  // ---- what `describe` calls (option_form.h) ----

  template <class T>
  void scalar(Words key, T& member, const Form<T>& form, Words) {
    const YamlEntry* entry = take(key);
    if (entry == nullptr) return;
    if (auto value = read(path_to(key), entry->value, place_of(*entry), form)) {
      member = *std::move(value);
    }
  }

  template <class T>
  void values(Words key, std::vector<T>& member, const Form<T>& form, Words) {
    const YamlEntry* entry = take(key);
    const std::string path = path_to(key);
    if (entry == nullptr || !is_list(*entry, path, "a list of " + form.one)) return;
    member.clear();
    std::set<std::string> seen;
    std::size_t index = 0;
    for (const YamlNode& item : entry->value.items) {
      auto value = read(path, item, item.place, form);
      if (!value) continue;
      places_.add(fmt::format("{}[{}]", path, ++index), item.place);
      const std::string written = form.write(*value);
      if (!seen.insert(written).second) {
        add(Severity::warning, item.place,
            fmt::format("{}: {} stands twice", path, quote(written)));
      }
      member.push_back(*std::move(value));
    }
  }

  void modes(Words key, std::map<std::string, Mode>& member, Words) {
    const YamlEntry* entry = take(key);
    if (entry == nullptr || entry->value.kind == Kind::nothing) return;
    const std::string path = path_to(key);
    if (!is_map(*entry, path, "single rules with their modes, as {some-rule: observe}")) return;
    enter(entry->value, path, "rule", [&] {
      for (const std::string_view rule : rules_of(policy_)) {
        const YamlEntry* given = take(rule);
        if (given == nullptr) continue;
        const auto mode = read(path_to(rule), given->value, place_of(*given), choice_form<Mode>());
        if (mode) member[std::string(rule)] = *mode;
      }
    });
  }

  template <class Section>
  void section(Words key, Section& member, Words) {
    const YamlEntry* entry = take(key);
    // A section whose options are all commented out is a name with nothing below it.
    if (entry == nullptr || entry->value.kind == Kind::nothing) return;
    if (!is_map(*entry, path_to(key), "options below it")) return;
    enter(entry->value, path_to(key), "option", [&] { describe(member, *this); });
  }

  template <class Policy>
  void policy(Words key, Policy& member, Words sentence) {
    policy_ = key;
    section(key, member, sentence);
    policy_ = {};
  }

  template <class Item>
  void list(Words key, std::vector<Item>& member, const Item&, Words) {
    const YamlEntry* entry = take(key);
    if (entry == nullptr || entry->value.kind == Kind::nothing) return;
    const std::string path = path_to(key);
    if (!is_list(*entry, path, "a list, each item beginning with \"- \"")) return;
    member.clear();
    for (const YamlNode& item : entry->value.items) {
      const std::string item_path = fmt::format("{}[{}]", path, member.size() + 1);
      member.emplace_back();
      places_.add(item_path, item.place);
      if (item.kind == Kind::map) {
        enter(item, item_path, "option", [&] { describe(member.back(), *this); });
        continue;
      }
      places_.add_unread(item_path);
      if (item.kind != Kind::refused) {
        complain(item.place, fmt::format("{}: expected options, got {}{}", item_path, found(item),
                                         missing_blank(item)));
      }
    }
  }

 private:
  // The options of one map: which names are known there, so that the others are not.
  struct Scope {
    std::string path;
    const YamlNode* map = nullptr;
    std::string_view noun;  // what the names are: sections, options or rules
    std::vector<std::string_view> known;
  };

  void add(Severity severity, YamlPlace place, std::string text) {
    problems_.push_back({severity, file_, place.line, place.column, std::move(text)});
  }
  void complain(YamlPlace place, std::string text) { add(Severity::error, place, std::move(text)); }

  std::string path_to(std::string_view key) const {
    return scope_.path.empty() ? std::string(key) : fmt::format("{}.{}", scope_.path, key);
  }

  // YAML places what is not there at what comes next: the name tells more.
  static YamlPlace place_of(const YamlEntry& entry) {
    return entry.value.kind == Kind::nothing ? entry.place : entry.value.place;
  }

  template <class Body>
  void enter(const YamlNode& map, std::string path, std::string_view noun, Body body) {
    Scope outer = std::exchange(scope_, Scope{std::move(path), &map, noun, {}});
    body();
    report_repeated();
    report_unknown();
    scope_ = std::move(outer);
  }

  // Makes `key` known; the entry that was given for it, when there is one that can be read.
  const YamlEntry* take(std::string_view key) {
    scope_.known.push_back(key);
    const auto& entries = scope_.map->entries;
    const auto entry =
        std::find_if(entries.begin(), entries.end(),
                     [&](const YamlEntry& candidate) { return candidate.key == key; });
    if (entry == entries.end()) return nullptr;
    places_.add(path_to(key), place_of(*entry));
    if (entry->value.kind != Kind::refused) return &*entry;
    places_.add_unread(path_to(key));
    return nullptr;
  }

  template <class T>
  std::optional<T> read(const std::string& path, const YamlNode& node, YamlPlace place,
                        const Form<T>& form) {
    if (node.kind == Kind::refused) {
      places_.add_unread(path);
      return std::nullopt;
    }
    std::string reason;
    if (node.kind == Kind::text) {
      Result<T> value = form.parse(node.text);
      if (value) return *std::move(value);
      reason = for_log(value.error().text, 400);
    } else if (node.kind == Kind::nothing && form.parse("")) {
      reason = "write \"\" if it shall be empty";
    }
    places_.add_unread(path);
    complain(place, fmt::format("{}: expected {}, got {}{}{}", path, form.expected, found(node),
                                reason.empty() ? "" : "; ", reason));
    return std::nullopt;
  }

  bool is_map(const YamlEntry& entry, const std::string& path, std::string_view expected) {
    if (entry.value.kind == Kind::map) return true;
    complain(place_of(entry), fmt::format("{}: expected {}, got {}{}", path, expected,
                                          found(entry.value), missing_blank(entry.value)));
    return false;
  }

  bool is_list(const YamlEntry& entry, const std::string& path, std::string_view expected) {
    const YamlNode& value = entry.value;
    if (value.kind == Kind::list) return true;
    places_.add_unread(path);
    std::string hint;
    if (value.kind == Kind::text) {
      hint = fmt::format("; write [{}]", as_items(value.text));
    } else if (value.kind == Kind::nothing) {
      hint = "; write [] for an empty one";
    }
    complain(place_of(entry),
             fmt::format("{}: expected {}, got {}{}", path, expected, found(value), hint));
    return false;
  }

  // "mode:off" is a text to YAML.
  static std::string_view missing_blank(const YamlNode& node) {
    const bool has_colon = node.kind == Kind::text && node.text.find(':') != std::string::npos;
    return has_colon ? "; is a blank missing after the colon?" : "";
  }

  void report_repeated() {
    std::map<std::string_view, YamlPlace> first;
    for (const YamlEntry& entry : scope_.map->entries) {
      const auto [earlier, is_first] = first.emplace(entry.key, entry.place);
      if (is_first) continue;
      complain(entry.place, fmt::format("{}: given twice, first at line {}", safe_path(entry.key),
                                        earlier->second.line));
    }
  }

  void report_unknown() {
    for (const YamlEntry& entry : scope_.map->entries) {
      const auto& known = scope_.known;
      if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
      const std::string hint = problems_.size() < most_hints ? hint_for_name(entry.key) : "";
      complain(entry.place, fmt::format("{}: unknown {}{}{}", safe_path(entry.key), scope_.noun,
                                        hint.empty() ? "" : "; ", hint));
    }
  }

  std::string safe_path(std::string_view key) const { return path_to(for_log(key, longest_quote)); }

  std::string hint_for_name(std::string_view key) const {
    const bool in_rules = scope_.noun == "rule";
    if (in_rules && key.starts_with(fmt::format("{}.", policy_))) {
      return fmt::format("write it without \"{}.\"", policy_);
    }
    if (!in_rules) {
      std::vector<std::string_view> homes;
      for (const ConfigOption& option : options_) {
        if (option.path() == key) {
          return fmt::format("write \"{}\" below \"{}:\"", option.key, option.section);
        }
        if (option.key == key) homes.push_back(option.section);
      }
      if (!homes.empty()) return fmt::format("it belongs below {}", one_of(homes));
    }
    if (const auto name = nearest(key, scope_.known)) {
      return fmt::format("did you mean \"{}\"?", *name);
    }
    return scope_.noun == "section" ? "\"icloud-milterctl config example\" has them all" : "";
  }

  std::string file_;
  std::vector<ConfigOption> options_ = config_options();
  std::vector<ConfigProblem> problems_;
  ConfigPlaces places_;
  Scope scope_;
  std::string_view policy_;  // while its section is read
};

}  // namespace

OptionReading read_options(std::string_view file, const YamlTree& tree) {
  Config config;
  Reader reader(file);
  reader.read(tree, config);
  return reader.finish(std::move(config));
}

}  // namespace icm
