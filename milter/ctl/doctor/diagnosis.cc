// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/diagnosis.h"

#include <algorithm>

namespace icm::ctl::doctor {

std::string_view to_string(Grade grade) {
  switch (grade) {
    case Grade::ok:
      return "ok";
    case Grade::note:
      return "note";
    case Grade::warning:
      return "warning";
    case Grade::fault:
      return "fault";
  }
  return "invalid";
}

std::vector<std::string_view> areas() {
  std::vector<std::string_view> names;
  for (const Known& known : catalogue) {
    if (std::ranges::find(names, known.area()) == names.end()) names.push_back(known.area());
  }
  return names;
}

void add(Diagnoses& to, Diagnosis one) {
  if (std::ranges::find(to, one) == to.end()) to.push_back(std::move(one));
}

void add(Diagnoses& to, Diagnoses more) {
  for (Diagnosis& one : more) add(to, std::move(one));
}

bool is_healthy(const Diagnoses& diagnoses) {
  return std::ranges::all_of(diagnoses,
                             [](const Diagnosis& one) { return one.known->grade <= Grade::note; });
}

}  // namespace icm::ctl::doctor
