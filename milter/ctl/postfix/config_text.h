// SPDX-License-Identifier: Apache-2.0
//
// Places in the text of main.cf and master.cf: where a value ends, where a service ends. What a
// value means is postconf's to say (configuration.h); this is for writing into the files without
// touching anything else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icm::ctl::postfix {

// Part of a text, [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
  bool operator==(const Span&) const = default;
};

// Text that begins at the left margin, with the lines behind it that begin with blanks; not the
// comments and empty lines after the last of them (postconf(5), master(5)). Ends behind its last
// line break, where it has one.
std::vector<Span> logical_lines(std::string_view text);

// "name" of a logical line "name = value".
std::string_view parameter_name(std::string_view line);

// The value of a parameter in main.cf, without the blanks behind it: of its last definition, which
// is the one that counts.
std::optional<Span> find_value(std::string_view main_cf, std::string_view name);

// The logical line of a service in master.cf.
std::optional<Span> find_service(std::string_view master_cf, std::string_view name,
                                 std::string_view type);

// One "-o name=value" of a service.
struct Override {
  std::string name;
  Span value;              // within the text
  bool is_braced = false;  // -o { name = value }
};

// Those in the logical line `line`, in their order; none where another program takes the arguments.
std::vector<Override> overrides_in(std::string_view text, const Span& line);

}  // namespace icm::ctl::postfix
