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

// The values of a Config, option by option.
class Collector : public OptionVisitor<Collector> {
 public:
  enum class Lists { values, example };
  explicit Collector(Lists lists) : lists_(lists) {}

  std::vector<ConfigOption> options;
  std::vector<ConfigSection> sections;

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
    sections.push_back({key, sentence, false});
    section_ = key;
    describe(member, *this);
  }

  template <class Policy>
  void policy(Words key, Policy& member, Words sentence) {
    section(key, member, sentence);
  }

  template <class Item>
  void list(Words key, std::vector<Item>& member, const Item& example, Words sentence) {
    sections.push_back({key, sentence, true});
    if (lists_ == Lists::example) {
      Item item = example;
      section_ = key;
      describe(item, *this);
      return;
    }
    for (std::size_t i = 0; i < member.size(); ++i) {
      section_ = fmt::format("{}[{}]", key, i + 1);
      describe(member[i], *this);
    }
  }

 private:
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
    "#   pkill -HUP -x icloud-milter      takes the file over, or keeps the old one and says why\n";

// `explained` holds the sentences that were already said: what every policy has is explained once.
std::string example_options(const ConfigSection& section,
                            std::vector<std::string_view>& explained) {
  std::string text;
  bool is_first = true;
  for (const ConfigOption& option : config_options()) {
    if (option.section != section.name) continue;
    if (std::find(explained.begin(), explained.end(), option.sentence) == explained.end()) {
      explained.push_back(option.sentence);
      if (!is_first) text += "\n";
      text += comment("  ", option.sentence);
      text += comment("  ", fmt::format("Takes {}.", option.expected));
    }
    const std::string_view dash = !section.is_list ? "" : is_first ? "- " : "  ";
    text += fmt::format("  #{}{}: {}\n", dash, option.key, option.yaml());
    is_first = false;
  }
  return text;
}

// ---- what differs ----

// A stream on one line, without what it leaves open.
std::string flow_map(const std::vector<ConfigOption>& options, std::string_view section) {
  std::string text;
  for (const ConfigOption& option : options) {
    const bool is_open = option.values.empty() || option.yaml() == "\"\"";
    if (option.section != section || is_open) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", option.key, option.yaml());
  }
  return "{" + text + "}";
}

std::optional<std::size_t> index_of(const std::vector<StreamConfig>& streams,
                                    std::string_view name) {
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (streams[i].name == name) return i;
  }
  return std::nullopt;
}

std::string names_of(const std::vector<StreamConfig>& streams) {
  std::string names;
  for (const StreamConfig& stream : streams) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", written(stream.name, ValueKind::text));
  }
  return "[" + names + "]";
}

// Config values as "path: yaml", the streams by name.
class Difference {
 public:
  Difference(const Config& before, const Config& after)
      : before_(before),
        after_(after),
        before_values_(config_values(before)),
        after_values_(config_values(after)) {}

  std::vector<ConfigDifference> all() {
    for (const ConfigSection& section : config_sections()) {
      if (section.is_list) {
        streams();
      } else {
        options(std::string(section.name), std::string(section.name), std::string(section.name));
      }
    }
    return std::move(differences_);
  }

 private:
  static std::string stream_section(std::size_t index) {
    return fmt::format("streams[{}]", index + 1);
  }

  // The options of a section, which has the same ones in both.
  void options(const std::string& name, const std::string& before, const std::string& after) {
    for (const ConfigOption& old : before_values_) {
      if (old.section != before) continue;
      for (const ConfigOption& now : after_values_) {
        if (now.section != after || now.key != old.key || now.values == old.values) continue;
        differences_.push_back({fmt::format("{}.{}", name, old.key), old.yaml(), now.yaml()});
      }
    }
  }

  void streams() {
    std::vector<StreamConfig> kept;
    for (std::size_t i = 0; i < before_.streams.size(); ++i) {
      const std::string& name = before_.streams[i].name;
      const std::string path = fmt::format("streams[{}]", name);
      if (const auto now = index_of(after_.streams, name)) {
        options(path, stream_section(i), stream_section(*now));
        kept.push_back(before_.streams[i]);
      } else {
        differences_.push_back({path, flow_map(before_values_, stream_section(i)), ""});
      }
    }
    std::vector<StreamConfig> common;
    for (std::size_t i = 0; i < after_.streams.size(); ++i) {
      const std::string& name = after_.streams[i].name;
      if (index_of(before_.streams, name)) {
        common.push_back(after_.streams[i]);
      } else {
        differences_.push_back(
            {fmt::format("streams[{}]", name), "", flow_map(after_values_, stream_section(i))});
      }
    }
    // The first that matches names the message, so their order means something.
    if (names_of(kept) != names_of(common)) {
      differences_.push_back({"streams", names_of(before_.streams), names_of(after_.streams)});
    }
  }

  const Config& before_;
  const Config& after_;
  std::vector<ConfigOption> before_values_;
  std::vector<ConfigOption> after_values_;
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
    text += "\n" + comment("", section.sentence);
    if (section.is_list) text += comment("", "None is the default; this is how one looks:");
    text += fmt::format("{}:\n", section.name);
    text += example_options(section, explained);
  }
  return text;
}

std::string config_yaml(const Config& config) {
  std::string text;
  const std::vector<ConfigOption> options = config_values(config);
  for (const ConfigSection& section : config_sections()) {
    const bool is_empty_list = section.is_list && config.streams.empty();
    text += fmt::format("{}{}:{}\n", text.empty() ? "" : "\n", section.name,
                        is_empty_list ? " []" : "");
    std::string_view item;
    for (const ConfigOption& option : options) {
      const std::string_view home =
          std::string_view(option.section).substr(0, option.section.find('['));
      if (home != section.name) continue;
      const bool begins_item = section.is_list && option.section != item;
      item = option.section;
      const std::string_view indent = begins_item ? "  - " : section.is_list ? "    " : "  ";
      text += fmt::format("{}{}: {}\n", indent, option.key, option.yaml());
    }
  }
  return text;
}

std::vector<ConfigDifference> config_difference(const Config& before, const Config& after) {
  return Difference(before, after).all();
}

}  // namespace icm
