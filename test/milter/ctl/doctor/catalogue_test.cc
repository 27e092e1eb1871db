// SPDX-License-Identifier: Apache-2.0
//
// The catalogue of what the doctor can say is one: the code says nothing else, and says all of it;
// its page is made from it.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "milter/ctl/doctor/print.h"

namespace icm::ctl::doctor {
namespace {

const std::filesystem::path folder =
    std::filesystem::path(ICM_SOURCE_DIR) / "milter" / "ctl" / "doctor";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(DoctorCatalogue, has_each_id_once_and_each_problem_with_a_remedy) {
  std::set<std::string_view> ids;
  for (const Known& known : catalogue) {
    EXPECT_TRUE(ids.insert(known.id).second) << known.id;
    EXPECT_NE(known.area(), known.id);
    EXPECT_EQ(known.grade == Grade::ok, known.follows.empty()) << known.id;
    EXPECT_EQ(known.grade == Grade::ok, known.remedy.empty()) << known.id;
  }
}

TEST(DoctorCatalogue, has_nothing_that_nobody_says) {
  std::string code;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".cc") code += text_of(entry.path());
  }
  for (const Known& known : catalogue) {
    EXPECT_NE(code.find("\"" + std::string(known.id) + "\""), std::string::npos) << known.id;
  }
}

TEST(DoctorCatalogue, stands_on_its_page_as_it_is) {
  EXPECT_NE(text_of(folder / "README.md").find(catalogue_table()), std::string::npos)
      << "icloud-milterctl doctor --list writes the table of milter/ctl/doctor/README.md";
}

}  // namespace
}  // namespace icm::ctl::doctor
