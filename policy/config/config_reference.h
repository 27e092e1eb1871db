// SPDX-License-Identifier: Apache-2.0
//
// A Config told to people: the commented example, the effective values, what differs, and every
// option for the manual. All of it walks the declarations of config.h.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/config/config.h"
#include "policy/config/option_form.h"

namespace icm {

// One option with its value in some Config. Views are of static storage. A list within a section
// is a section of its own, "arc_sealing.keys".
struct ConfigOption {
  enum class Shape { scalar, list, map };

  std::string section;  // "limits"; "streams[1]" for the first stream
  std::string_view key;
  std::string_view sentence;
  std::string expected;  // "a whole number from 1 to 10000"
  Shape shape = Shape::scalar;
  ValueKind kind = ValueKind::text;
  // A scalar is one pair without a name, a list one for each item, a map has the names.
  std::vector<std::pair<std::string, std::string>> values;

  std::string path() const { return section + "." + std::string(key); }
  std::string yaml() const;  // the value on one line, as milter.conf holds it
  bool operator==(const ConfigOption&) const = default;
};

struct ConfigSection {
  std::string name;
  std::string_view sentence;
  bool is_list = false;  // of items with the same options each
};

// The sections of milter.conf in the order of the example.
std::vector<ConfigSection> config_sections();

// Every option there is, with its default; those of a list's items with the values of its example:
// those of a stream as "streams", with the values of example_stream().
std::vector<ConfigOption> config_options();

// Every option with its value in `config`; a stream's as "streams[1]", none when there is none.
std::vector<ConfigOption> config_values(const Config& config);

// packaging/milter.conf: every option commented out at its default, so that a later version may
// have a better default for whoever did not choose; the section heads stand, so that taking the '#'
// of one line away is all there is to do.
std::string config_example();

// A milter.conf that says all of `config`; read back it gives an equal Config.
std::string config_yaml(const Config& config);

struct ConfigDifference {
  std::string path;  // "format.mode"; "streams[news].kind"; "streams[news]" for a whole stream
  std::string before;
  std::string after;  // as in milter.conf; empty where there is none
  bool operator==(const ConfigDifference&) const = default;
};

// What differs between two, in the order of the example; streams are matched by name, keys by the
// name of their record.
std::vector<ConfigDifference> config_difference(const Config& before, const Config& after);

}  // namespace icm
