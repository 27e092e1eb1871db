// SPDX-License-Identifier: Apache-2.0
//
// The doctor on milter.conf: what reading it warned of, and whether anything is enforced at all.
#include <algorithm>

#include "milter/ctl/doctor/context.h"
#include "policy/policy_set.h"

namespace icm::ctl::doctor {

bool Context::is_about_egress(const ConfigProblem& warning) {
  const std::string_view option = std::string_view(warning.text).substr(0, warning.text.find(':'));
  return option.starts_with("egress.") || option.ends_with("].egress") ||
         option.ends_with("].helo");
}

Diagnoses examine_configuration(const Context& context, Deadline) {
  Diagnoses diagnoses;
  for (const ConfigProblem& warning : context.warnings) {
    if (Context::is_about_egress(warning)) continue;
    add(diagnoses, found("configuration.warning", {}, to_string(warning)));
  }
  const auto names = policy_names();
  const bool acts = std::ranges::any_of(names, [&](std::string_view name) {
    return settings_of(context.config, name)->mode == Mode::enforce;
  });
  if (!acts) {
    add(diagnoses,
        found("configuration.observes", context.config_file, "no policy has mode: enforce"));
  }
  if (diagnoses.empty()) {
    add(diagnoses, found("configuration.read", context.config_file, "no errors, no warnings"));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
