// SPDX-License-Identifier: Apache-2.0
//
// ConfigPlaces: where in the file each option was given, by its path ("streams[1].name").
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "policy/config/yaml_tree.h"

namespace icm {

class ConfigPlaces {
 public:
  void add(std::string path, YamlPlace place) { places_.emplace(std::move(path), place); }

  void add_unread(std::string path) { unread_.insert(std::move(path)); }

  bool given(std::string_view path) const { return places_.contains(path); }

  // Given, but wholly or partly not readable; the Config holds less than was meant.
  bool unread(std::string_view path) const { return unread_.contains(path); }

  // The place of the option, or of the nearest thing around it that was given.
  YamlPlace of(std::string_view path) const {
    for (;;) {
      if (const auto found = places_.find(path); found != places_.end()) return found->second;
      const std::size_t end = path.find_last_of(".[");
      if (end == std::string_view::npos) return {};
      path = path.substr(0, end);
    }
  }

 private:
  std::map<std::string, YamlPlace, std::less<>> places_;
  std::set<std::string, std::less<>> unread_;
};

}  // namespace icm
