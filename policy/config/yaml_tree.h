// SPDX-License-Identifier: Apache-2.0
//
// YamlTree: the part of YAML that milter.conf is written in, as a tree in which every node knows
// its place. Options below a name, lists and one-line texts are taken; anchors, aliases, merge
// keys, tags, further documents and texts over several lines are problems, not features: each of
// them has made somebody's file mean something else than it shows.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace icm {

// From 1, the column in characters; 0 is the file as a whole.
struct YamlPlace {
  int line = 0;
  int column = 0;
  auto operator<=>(const YamlPlace&) const = default;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind {
    nothing,  // no value, or ~ or null
    text,     // a scalar; nothing is made of it here, so 010 stays 010 and off stays off
    list,
    map,
    refused,  // there is a problem with it already
  };
  Kind kind = Kind::nothing;
  YamlPlace place;
  std::string text;
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in file order, repeated keys and all
};

struct YamlEntry {
  std::string key;
  YamlPlace place;  // of the key
  YamlNode value;
};

// `text` may hold octets of the file, cleaned.
struct YamlProblem {
  YamlPlace place;
  std::string text;
};

struct YamlTree {
  YamlNode root;  // nothing for an empty file
  std::vector<YamlProblem> problems;
  bool complete = true;  // false: reading stopped at a problem, what is behind it is missing
};

// Never fails: what is wrong is among the problems. The work is bounded by the size of the text and
// the depth by max_yaml_depth.
YamlTree parse_yaml(std::string_view text);

inline constexpr std::size_t max_yaml_depth = 8;  // milter.conf needs four

}  // namespace icm
