// SPDX-License-Identifier: Apache-2.0
//
// The manual pages, as scdoc(5) reads them. All that they say is declared elsewhere: the command
// lines, the options of milter.conf, the rules.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/manual/described.h"

namespace icm::ctl {

struct ManualPage {
  std::string file;  // "icloud-milterctl-suppress.1"
  std::string text;
};

// icloud-milter(8)
ManualPage daemon_page(const DescribedCommand& program);

// icloud-milterctl(1), and a page for each of its commands.
std::vector<ManualPage> control_pages(const DescribedCommand& program);

// milter.conf(5)
ManualPage configuration_page();

}  // namespace icm::ctl
