// SPDX-License-Identifier: Apache-2.0
//
// YamlSource: the octets of a configuration file before YAML reads them: are they text at all, and
// what do they look like at a place that the YAML parser names?
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/config/yaml_tree.h"

namespace icm {

// From 0, the column in octets: as yaml-cpp counts.
struct SourcePlace {
  std::size_t line = 0;
  std::size_t column = 0;
};

// A view: the text must outlive it.
class YamlSource {
 public:
  // A byte order mark in front is dropped.
  explicit YamlSource(std::string_view text);

  std::string_view text() const { return text_; }

  // What keeps the octets from being a configuration file: other encodings than UTF-8, control
  // characters, tabs that indent. The first twenty of them.
  std::vector<YamlProblem> problems() const;

  // The same place counted from 1, in characters. A place behind the end becomes the end. Quick for
  // places in rising order.
  YamlPlace for_people(SourcePlace place);

  // Why the scalar that begins at `place` is not a text on one line; nullopt when it is. `value` is
  // what YAML made of it.
  struct NotOneLine {
    std::string_view words;
    bool is_folded = false;  // a plain text, and YAML took the next line for a part of it
  };
  std::optional<NotOneLine> why_not_one_line(SourcePlace place, std::string_view value) const;

 private:
  std::string_view rest_of_line(SourcePlace place) const;

  std::string_view text_;
  std::vector<std::string_view> lines_;  // without LF
  SourcePlace counted_;                  // for_people's last place, and the characters before it
  std::size_t characters_ = 0;
};

}  // namespace icm
