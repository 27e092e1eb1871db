// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/csv.h"

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

std::vector<CsvField> fields(std::vector<std::string> texts) {
  std::vector<CsvField> made;
  for (std::string& text : texts) made.push_back({.text = std::move(text), .is_quoted = false});
  return made;
}

TEST(SplitCsv, cuts_at_commas_and_keeps_blanks) {
  std::vector<CsvField> found;
  struct Case {
    std::string_view line;
    std::vector<std::string> texts;
  };
  for (const auto& [line, texts] :
       {Case{"", {""}}, Case{"a", {"a"}}, Case{"a,b,c", {"a", "b", "c"}}, Case{",", {"", ""}},
        Case{" a , b ", {" a ", " b "}}}) {
    ASSERT_TRUE(split_csv(line, found)) << line;
    EXPECT_EQ(found, fields(texts)) << line;
  }
}

TEST(SplitCsv, reads_quoted_fields) {
  std::vector<CsvField> found;
  ASSERT_TRUE(split_csv(R"("a,b","say ""no""","",x)", found));
  EXPECT_EQ(found,
            (std::vector<CsvField>{{"a,b", true}, {"say \"no\"", true}, {"", true}, {"x", false}}));
  ASSERT_TRUE(split_csv("y", found)) << "what was there before is gone";
  EXPECT_EQ(found, fields({"y"}));
}

TEST(SplitCsv, says_what_is_wrong_with_quotes) {
  std::vector<CsvField> found;
  struct Case {
    std::string_view line;
    std::string_view told;
  };
  for (const auto& [line, told] :
       {Case{"a,\"b", "expected a closing quote on the same line, found none"},
        Case{"\"", "expected a closing quote on the same line, found none"},
        Case{"\"a\"\"", "expected a closing quote on the same line, found none"},
        Case{"\"a\"b,c", "expected a comma after the closing quote of column 1, found \"b\""},
        Case{"a,\"b\" ,c", "expected a comma after the closing quote of column 2, found \" \""},
        Case{"a,b\"c\"", "expected quotes around the whole of column 2, found one inside"}}) {
    const Status split = split_csv(line, found);
    ASSERT_FALSE(split) << line;
    EXPECT_EQ(split.error(), (Error{Code::syntax, std::string(told)})) << line;
  }
}

// One field as it stands in a line.
std::string written(std::string_view field) {
  std::string line = "x";
  add_csv_field(line, field);
  return line.substr(2);
}

TEST(CsvField, is_quoted_where_it_must_be_and_begins_no_formula) {
  struct Case {
    std::string_view field;
    std::string_view line;
  };
  for (const auto& [field, line] :
       {Case{"", ""}, Case{"a b", "a b"}, Case{"a,b", "\"a,b\""}, Case{"a\"b", "\"a\"\"b\""},
        Case{"=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""}, Case{"+1", "'+1"},
        Case{"-1", "'-1"}, Case{"@SUM(A1)", "'@SUM(A1)"}, Case{"'=1", "''=1"}, Case{"'tis", "'tis"},
        Case{"a=1", "a=1"}, Case{"''", "''"}}) {
    EXPECT_EQ(written(field), line);
    std::vector<CsvField> read;
    ASSERT_TRUE(split_csv(line, read)) << line;
    ASSERT_EQ(read.size(), 1u) << line;
    EXPECT_EQ(without_guard(read[0].text), field);
  }
}

}  // namespace
}  // namespace icm::ctl
