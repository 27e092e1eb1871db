// SPDX-License-Identifier: Apache-2.0
//
// Builds the tree from yaml-cpp's events; the only file that includes <yaml-cpp/...>. Events tell
// what its nodes hide: repeated keys, anchors, tags. What even the events hide is looked up in the
// source at the event's place: yaml-cpp 0.7 takes a quoted text that is never closed, and folds a
// plain text with the lines below it.
#include "policy/config/yaml_tree.h"

#include <array>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "policy/base/text.h"
#include "policy/config/yaml_source.h"

namespace icm {
namespace {

YamlNode node(YamlNode::Kind kind, YamlPlace place, std::string text = {}) {
  YamlNode made;
  made.kind = kind;
  made.place = place;
  made.text = std::move(text);
  return made;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlSource& source) : source_(source) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) problem(place_of(mark), "a second document begins; a file holds one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(node(YamlNode::Kind::nothing, place_of(mark)));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*) are not taken; write the value out");
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    problem(place_of(mark), "anchors (&) are not taken; write the value where it is needed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (anchor != 0) return add(node(YamlNode::Kind::refused, place_of(mark)));
    if (is_tag(tag)) return refuse(mark, no_tags);
    if (const auto why = source_.why_not_one_line(in_source(mark), value)) {
      refuse(mark, why->words);
      ends_in_folded_value_ = why->is_folded;
      return;
    }
    add(node(YamlNode::Kind::text, place_of(mark), value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::list, mark, tag, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::map, mark, tag, style);
  }
  void OnMapEnd() override { close(); }

  bool has_second_document() const { return documents_ > 1; }

  void stop(const YAML::Exception& error) {
    // A value that swallowed the line below and the parser that stumbles there: one mistake, better
    // told by the second.
    if (ends_in_folded_value_) tree_.problems.pop_back();
    // The parser's own, much larger bound on depth says nothing new.
    if (!too_deep_) problem(place_of(error.mark), explain(error));
    tree_.complete = false;
  }

  YamlTree finish() {
    while (skipped_ > 0 || !open_.empty()) close();
    return std::move(tree_);
  }

 private:
  struct Open {
    YamlNode node;
    bool is_flow = false;
    bool has_key = false;
    bool drop = false;  // what stands before the colon is no name: its value is dropped
    std::string key;
    YamlPlace key_place;
  };

  static constexpr std::string_view no_tags = "tags (!) are not taken; write the value alone";

  // "?" and "!" stand for none: a plain and a quoted scalar.
  static bool is_tag(const std::string& tag) { return !tag.empty() && tag != "?" && tag != "!"; }

  static SourcePlace in_source(const YAML::Mark& mark) {
    if (mark.line < 0 || mark.column < 0) return {};
    return {static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column)};
  }

  YamlPlace place_of(const YAML::Mark& mark) { return source_.for_people(in_source(mark)); }

  void problem(YamlPlace place, std::string_view text) {
    ends_in_folded_value_ = false;
    if (!tree_.complete) return;
    tree_.problems.push_back({place, std::string(text)});
  }

  void refuse(const YAML::Mark& mark, std::string_view why) {
    problem(place_of(mark), why);
    add(node(YamlNode::Kind::refused, place_of(mark)));
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::EmitterStyle::value style) {
    if (skipped_ > 0 || open_.size() == max_yaml_depth) {
      if (!too_deep_) {
        problem(place_of(mark), "nested too deeply; no option is more than four levels deep");
      }
      too_deep_ = true;
      ++skipped_;
      return;
    }
    if (is_tag(tag)) problem(place_of(mark), no_tags);
    Open opened;
    opened.node = node(kind, place_of(mark));
    opened.is_flow = style == YAML::EmitterStyle::Flow;
    open_.push_back(std::move(opened));
  }

  void close() {
    if (skipped_ > 0) {
      if (--skipped_ == 0) add(node(YamlNode::Kind::refused, {}));
      return;
    }
    YamlNode closed = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(closed));
  }

  void add(YamlNode added) {
    ends_in_folded_value_ = false;
    if (skipped_ > 0 || has_second_document()) return;
    if (open_.empty()) {
      tree_.root = std::move(added);
    } else if (open_.back().node.kind == YamlNode::Kind::list) {
      open_.back().node.items.push_back(std::move(added));
    } else if (!open_.back().has_key) {
      take_key(open_.back(), std::move(added));
    } else {
      take_value(open_.back(), std::move(added));
    }
  }

  void take_key(Open& map, YamlNode key) {
    const bool is_merge = key.kind == YamlNode::Kind::text && key.text == "<<";
    map.has_key = true;
    map.drop = is_merge || key.kind != YamlNode::Kind::text;
    if (is_merge) {
      problem(key.place, "merge keys (<<) are not taken; write the options out");
    } else if (map.drop && key.kind != YamlNode::Kind::refused) {
      problem(key.place, "expected the name of an option before the colon");
    }
    map.key = std::move(key.text);
    map.key_place = key.place;
  }

  void take_value(Open& map, YamlNode value) {
    map.has_key = false;
    if (!map.drop) {
      map.node.entries.push_back({std::move(map.key), map.key_place, std::move(value)});
    }
  }

  // In the words of who edits the file, where yaml-cpp's are not.
  std::string explain(const YAML::Exception& error) const {
    const auto says = [&](const char* message) { return error.msg == message; };
    if (says(YAML::ErrorMsg::END_OF_SEQ_FLOW)) return unclosed('[', ']');
    if (says(YAML::ErrorMsg::END_OF_MAP_FLOW)) return unclosed('{', '}');
    for (const auto& [message, words] : known_messages) {
      if (says(message)) return words;
    }
    return fmt::format("not YAML: {}", for_log(error.msg));
  }

  // The innermost bracket that is still open, by its place.
  std::string unclosed(char opening, char closing) const {
    for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
      if (!open->is_flow) continue;
      const auto [line, column] = open->node.place;
      return fmt::format(
          "expected a comma or the \"{}\" that closes the \"{}\" of line {}, column {}", closing,
          opening, line, column);
    }
    return fmt::format("expected a comma or \"{}\"", closing);
  }

  struct KnownMessage {
    const char* message;
    const char* words;
  };
  static const std::array<KnownMessage, 9> known_messages;

  YamlSource& source_;
  YamlTree tree_;
  std::vector<Open> open_;
  std::size_t skipped_ = 0;  // levels open beyond the bound
  bool too_deep_ = false;
  bool ends_in_folded_value_ = false;
  int documents_ = 0;
};

const std::array<TreeBuilder::KnownMessage, 9> TreeBuilder::known_messages = {{
    {YAML::ErrorMsg::MAP_VALUE,
     "a colon where none can stand: is a blank missing after the colon of a line above, is this "
     "line "
     "indented too far, or does a text with a colon need quotes?"},
    {YAML::ErrorMsg::MAP_KEY, "expected the name of an option"},
    {YAML::ErrorMsg::END_OF_MAP, "expected \"option: value\", indented like the options above it"},
    {YAML::ErrorMsg::END_OF_SEQ, "expected \"- item\", indented like the items above it"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a list item where none can stand; put it on a line of its own"},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket without an opening one"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "a value cannot begin with this character; put it in quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "aliases (*) are not taken; write the value out"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a quote is not closed"},
}};

}  // namespace

YamlTree parse_yaml(std::string_view text) {
  YamlSource source(text);
  if (auto problems = source.problems(); !problems.empty()) {
    YamlTree unread;
    unread.problems = std::move(problems);
    unread.complete = false;
    return unread;
  }
  TreeBuilder builder(source);
  std::istringstream stream{std::string(source.text())};
  try {
    YAML::Parser parser(stream);
    while (!builder.has_second_document() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    builder.stop(error);
  }
  return builder.finish();
}

}  // namespace icm
