// SPDX-License-Identifier: Apache-2.0
//
// From a YamlTree to a Config, option by option: what is given is read, what is wrong is written
// down. How options go together is policy/config/config_checks' business.
#pragma once

#include <string_view>
#include <vector>

#include "policy/config/config.h"
#include "policy/config/config_places.h"
#include "policy/config/config_reader.h"
#include "policy/config/yaml_tree.h"

namespace icm {

struct OptionReading {
  Config config;  // an option that could not be read is at its default
  ConfigPlaces places;
  std::vector<ConfigProblem> problems;  // those of the tree as well; in no order
};

// `file` is what the problems call it.
OptionReading read_options(std::string_view file, const YamlTree& tree);

}  // namespace icm
