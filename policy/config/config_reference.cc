// SPDX-License-Identifier: Apache-2.0
#include "policy/config/config_reference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t line_width = 100;

// What people call an item of a list.
std::string name_of(const StreamConfig& stream) { return stream.name; }
std::string name_of(const SealingKeyConfig& key) {
  return fmt::format("{}._domainkey.{}", key.selector, key.domain);
}
std::string name_of(const ThrottleLimitConfig& limit) { return limit.name; }
std::string name_of(const WarmUpConfig& plan) {
  return plan.egress.empty() ? "no address" : plan.egress.front().text();
}

// How deep a list lies in the file, and what it is called there.
std::size_t depth_of(std::string_view section) {
  return static_cast<std::size_t>(std::count(section.begin(), section.end(), '.'));
}
std::string_view last_name(std::string_view section) {
  return section.substr(section.rfind('.') + 1);
}
std::string indent_of(std::size_t depth) { return std::string(2 * depth, ' '); }

// The values of a Config, option by option.
class Collector : public OptionVisitor<Collector> {
 public:
  enum class Lists { values, example };
  explicit Collector(Lists lists) : lists_(lists) {}

  std::vector<ConfigOption> options;
  std::vector<ConfigSection> sections;
  std::map<std::string, std::vector<std::string>> items;  // names, by list; no two are equal

  template <class T>
  void scalar(Words key, T& member, const Form<T>& form, Words sentence) {
    ConfigOption& option = add(key, sentence, form.expected, ConfigOption::Shape::scalar);
    option.kind = form.kind;
    option.values = {{"", form.write(member)}};
  }

  template <class T>
  void values(Words key, std::vector<T>& member, const Form<T>& form, Words sentence) {
    ConfigOption& option = add(key, sentence, "a list of " + form.one, ConfigOption::Shape::list);
    option.kind = form.kind;
    for (const T& item : member) option.values.emplace_back("", form.write(item));
  }

  void modes(Words key, std::map<std::string, Mode>& member, Words sentence) {
    const Form<Mode> form = choice_form<Mode>();
    ConfigOption& option =
        add(key, sentence, "rules, each with " + form.expected, ConfigOption::Shape::map);
    option.kind = form.kind;
    for (const auto& [rule, mode] : member) option.values.emplace_back(rule, form.write(mode));
  }

  template <class Section>
  void section(Words key, Section& member, Words sentence) {
    sections.push_back({path_to(key), sentence, false});
    within(path_to(key), member);
  }

  template <class Policy>
  void policy(Words key, Policy& member, Words sentence) {
    section(key, member, sentence);
  }

  template <class Item>
  void list(Words key, std::vector<Item>& member, const Item& example, Words sentence) {
    const std::string path = path_to(key);
    sections.push_back({path, sentence, true});
    if (lists_ == Lists::example) {
      Item item = example;
      within(path, item);
      return;
    }
    std::vector<std::string>& names = items[path];
    for (std::size_t i = 0; i < member.size(); ++i) {
      std::string name = name_of(member[i]);
      while (std::find(names.begin(), names.end(), name) != names.end()) name += " (again)";
      names.push_back(std::move(name));
      within(fmt::format("{}[{}]", path, i + 1), member[i]);
    }
  }

 private:
  std::string path_to(Words key) const {
    return section_.empty() ? std::string(key) : fmt::format("{}.{}", section_, key);
  }

  template <class Section>
  void within(std::string path, Section& member) {
    const std::string outer = std::exchange(section_, std::move(path));
    describe(member, *this);
    section_ = outer;
  }

  ConfigOption& add(Words key, Words sentence, std::string expected, ConfigOption::Shape shape) {
    ConfigOption option;
    option.section = section_;
    option.key = key;
    option.sentence = sentence;
    option.expected = std::move(expected);
    option.shape = shape;
    return options.emplace_back(std::move(option));
  }

  Lists lists_;
  std::string section_;
};

Collector collect(Config config, Collector::Lists lists) {
  Collector collector(lists);
  describe(config, collector);
  return collector;
}

// What stands plain in a file means the same to every YAML program: no blank, nothing that YAML
// gives a meaning, no number and no word that is a boolean or null somewhere.
bool may_stand_plain(std::string_view text) {
  if (text.empty() || !(is_alpha(text[0]) || text[0] == '/')) return false;
  const bool is_odd = std::any_of(text.begin(), text.end(), [](char c) {
    return !is_alpha(c) && !is_digit(c) &&
           std::string_view("-_./@:+").find(c) == std::string_view::npos;
  });
  if (is_odd || text.ends_with(':')) return false;
  for (const std::string_view word :
       {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}) {
    if (equal_ascii(text, word)) return false;
  }
  return true;
}

// A double-quoted scalar; control characters cannot occur in a Config that was read.
std::string quoted(std::string_view text) {
  std::string yaml = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      yaml += {'\\', c};
    } else if (octet < 0x20 || octet == 0x7F) {
      yaml += fmt::format("\\x{:02x}", octet);
    } else {
      yaml += c;
    }
  }
  return yaml + "\"";
}

std::string written(std::string_view value, ValueKind kind) {
  return kind != ValueKind::text || may_stand_plain(value) ? std::string(value) : quoted(value);
}

// ---- the commented example ----

// Comment lines of at most line_width, the words of `text` between.
std::string comment(std::string_view indent, std::string_view text) {
  std::string lines;
  std::string line = fmt::format("{}#", indent);
  for (const std::string_view word : split(text, ' ')) {
    if (line.size() + 1 + word.size() > line_width) {
      lines += line + "\n";
      line = fmt::format("{}#", indent);
    }
    line += fmt::format(" {}", word);
  }
  return lines + line + "\n";
}

constexpr std::string_view example_head =
    "# icloud-milter's configuration: every option, commented out at its default.\n"
    "#\n"
    "# To choose a value, take the \"#\" in front of the option away and change it. What stays\n"
    "# commented out follows the installed version. Below a section every option has the same\n"
    "# indentation, in blanks; an option that is not explained is explained where it stands "
    "first.\n"
    "#\n"
    "#   icloud-milterctl config check    finds every mistake in this file\n"
    "#   icloud-milterctl config diff     shows what differs from the defaults\n"
    "#   icloud-milterctl reload          takes the file over, or keeps the old one and says why\n";

// `explained` holds the sentences that were already said: what every policy has is explained once.
std::string example_options(const ConfigSection& section,
                            std::vector<std::string_view>& explained) {
  std::string text;
  bool is_first = true;
  const std::string indent = indent_of(depth_of(section.name) + 1);
  for (const ConfigOption& option : config_options()) {
    if (option.section != section.name) continue;
    if (std::find(explained.begin(), explained.end(), option.sentence) == explained.end()) {
      explained.push_back(option.sentence);
      if (!is_first) text += "\n";
      text += comment(indent, option.sentence);
      text += comment(indent, fmt::format("Takes {}.", option.expected));
    }
    const std::string_view dash = !section.is_list ? "" : is_first ? "- " : "  ";
    text += fmt::format("{}#{}{}: {}\n", indent, dash, option.key, option.yaml());
    is_first = false;
  }
  return text;
}

// ---- what differs ----

// An item of a list on one line, without what it leaves open.
std::string flow_map(const std::vector<ConfigOption>& options, std::string_view section) {
  std::string text;
  for (const ConfigOption& option : options) {
    const std::string yaml = option.yaml();
    const bool is_open = option.values.empty() || yaml == "\"\"" || yaml == "0s";
    if (option.section != section || is_open) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", option.key, option.yaml());
  }
  return "{" + text + "}";
}

std::optional<std::size_t> index_of(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::string in_brackets(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", written(name, ValueKind::text));
  }
  return "[" + list + "]";
}

// Config values as "path: yaml", items of lists by name.
class Difference {
 public:
  Difference(const Config& before, const Config& after)
      : before_(collect(before, Collector::Lists::values)),
        after_(collect(after, Collector::Lists::values)) {}

  std::vector<ConfigDifference> all() {
    for (const ConfigSection& section : before_.sections) {
      if (section.is_list) {
        items(section.name, before_.items[section.name], after_.items[section.name]);
      } else {
        options(section.name, section.name, section.name);
      }
    }
    return std::move(differences_);
  }

 private:
  // The options of a section, which has the same ones in both.
  void options(const std::string& name, const std::string& before, const std::string& after) {
    for (const ConfigOption& old : before_.options) {
      if (old.section != before) continue;
      for (const ConfigOption& now : after_.options) {
        if (now.section != after || now.key != old.key || now.values == old.values) continue;
        differences_.push_back({fmt::format("{}.{}", name, old.key), old.yaml(), now.yaml()});
      }
    }
  }

  void items(const std::string& list, const std::vector<std::string>& before,
             const std::vector<std::string>& after) {
    const auto section = [&](std::size_t index) { return fmt::format("{}[{}]", list, index + 1); };
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const std::string path = fmt::format("{}[{}]", list, before[i]);
      if (const auto now = index_of(after, before[i])) {
        options(path, section(i), section(*now));
        kept.push_back(before[i]);
      } else {
        differences_.push_back({path, flow_map(before_.options, section(i)), ""});
      }
    }
    std::vector<std::string> common;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (index_of(before, after[i])) {
        common.push_back(after[i]);
      } else {
        differences_.push_back(
            {fmt::format("{}[{}]", list, after[i]), "", flow_map(after_.options, section(i))});
      }
    }
    // The first that matches counts, so their order means something.
    if (kept != common) differences_.push_back({list, in_brackets(before), in_brackets(after)});
  }

  Collector before_;
  Collector after_;
  std::vector<ConfigDifference> differences_;
};

}  // namespace

std::string ConfigOption::yaml() const {
  if (shape == Shape::scalar) return written(values.front().second, kind);
  std::string text;
  for (const auto& [name, value] : values) {
    if (!text.empty()) text += ", ";
    if (shape == Shape::map) text += fmt::format("{}: ", written(name, ValueKind::text));
    text += written(value, kind);
  }
  return shape == Shape::map ? "{" + text + "}" : "[" + text + "]";
}

std::vector<ConfigSection> config_sections() {
  return collect(Config(), Collector::Lists::example).sections;
}

std::vector<ConfigOption> config_options() {
  return collect(Config(), Collector::Lists::example).options;
}

std::vector<ConfigOption> config_values(const Config& config) {
  return collect(config, Collector::Lists::values).options;
}

std::string config_example() {
  std::string text(example_head);
  std::vector<std::string_view> explained;
  for (const ConfigSection& section : config_sections()) {
    const std::string indent = indent_of(depth_of(section.name));
    text += "\n" + comment(indent, section.sentence);
    if (section.is_list) text += comment(indent, "None is the default; this is how one looks:");
    text += fmt::format("{}{}:\n", indent, last_name(section.name));
    text += example_options(section, explained);
  }
  return text;
}

std::string config_yaml(const Config& config) {
  std::string text;
  Collector all = collect(config, Collector::Lists::values);
  for (const ConfigSection& section : all.sections) {
    const std::size_t depth = depth_of(section.name);
    const bool is_empty_list = section.is_list && all.items[section.name].empty();
    text += fmt::format("{}{}{}:{}\n", text.empty() || depth > 0 ? "" : "\n", indent_of(depth),
                        last_name(section.name), is_empty_list ? " []" : "");
    std::string_view item;
    for (const ConfigOption& option : all.options) {
      const std::string_view home =
          std::string_view(option.section).substr(0, option.section.find('['));
      if (home != section.name) continue;
      const bool begins_item = section.is_list && option.section != item;
      item = option.section;
      const std::string_view dash = begins_item ? "- " : section.is_list ? "  " : "";
      text += fmt::format("{}{}{}: {}\n", indent_of(depth + 1), dash, option.key, option.yaml());
    }
  }
  return text;
}

std::vector<ConfigDifference> config_difference(const Config& before, const Config& after) {
  return Difference(before, after).all();
}

}  // namespace icm
