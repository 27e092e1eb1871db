// SPDX-License-Identifier: Apache-2.0
//
// A record as one line of JSON (JSON lines): an object of texts and whole numbers, and objects of
// these one level below it. Every octet of such a line is somebody else's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm::ctl {

struct JsonMember {
  enum class Kind { null, text, number, object };
  std::string group;  // the object within the record that it belongs to; empty: the record itself
  std::string name;
  Kind kind = Kind::null;  // object: its members come next, with its name as their group
  std::string text{};
  std::int64_t number = 0;
  bool operator==(const JsonMember&) const = default;

  std::string path() const { return group.empty() ? name : group + '.' + name; }
};

// The members in their order; of each object every name once, and 64 of them all in all at most.
// Code::syntax says what was expected, and what was found where. Needs no more memory than the line
// has, however deep somebody nests in it.
[[nodiscard]] Result<std::vector<JsonMember>> read_json_record(std::string_view line);

// What kind of value it is, for an Error: "a number".
std::string_view to_string(JsonMember::Kind kind);

// The member's value where it is of that kind; else Code::syntax.
[[nodiscard]] Status expect(const JsonMember& member, JsonMember::Kind kind);

}  // namespace icm::ctl
