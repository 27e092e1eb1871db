// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_file.h"

#include <cstdio>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "policy/base/handle.h"

namespace icm::ctl {
namespace {

void close_file(std::FILE* file) { std::fclose(file); }
using File = Handle<std::FILE, close_file>;

File file_of(std::string_view content) {
  File file(std::tmpfile());
  if (!file) throw std::runtime_error("no temporary file");
  std::fwrite(content.data(), 1, content.size(), file.get());
  std::rewind(file.get());
  return file;
}

Suppression defaults() {
  Suppression entry;
  entry.scope = "global";
  entry.source = "import:list.csv";
  entry.created = *parse_time("2026-11-21T08:00:00Z");
  return entry;
}

// What a file says: an entry or a complaint a line, in its order.
std::string read(std::string_view content, FileFormat format = FileFormat::automatic) {
  const File file = file_of(content);
  EntryFile entries(file.get(), "list.csv", format, defaults());
  if (const Status begun = entries.begin(); !begun) return begun.error().text;
  std::string told;
  for (;;) {
    const auto entry = entries.next();
    if (!entry) {
      told += fmt::format("{}: {}\n", entries.place(), entry.error().text);
      if (entry.error().code != Code::syntax) return told;
      continue;
    }
    if (!*entry) return told;
    const Suppression& found = **entry;
    told +=
        fmt::format("{} {} {} {} {} {}|{}\n", found.address, to_string(found.reason), found.scope,
                    to_rfc3339(found.created), found.expires ? to_rfc3339(*found.expires) : "never",
                    found.source, found.note);
    if (!found.evidence) continue;
    const Evidence& evidence = *found.evidence;
    told += fmt::format("  {}|{}|{} {} {} {}\n", evidence.pattern, evidence.reply,
                        evidence.queue_id, to_rfc3339(evidence.first_seen),
                        to_rfc3339(evidence.last_seen), evidence.count);
  }
}

constexpr std::string_view rest =
    " manual global 2026-11-21T08:00:00.000Z never import:list.csv|\n";

std::string entry(std::string_view address) { return fmt::format("{}{}", address, rest); }

// ---- plain files ----

TEST(PlainFile, has_an_address_a_line) {
  EXPECT_EQ(read("bob@icloud.com\n<Eve@ME.com>\n  joe@mac.com  \n"),
            entry("bob@icloud.com") + entry("eve@me.com") + entry("joe@mac.com"));
}

TEST(PlainFile, skips_empty_lines_and_comments) {
  EXPECT_EQ(read("# a list\n\n#\n   \nbob@icloud.com\n  # more\n#bob@icloud.com\n"),
            entry("bob@icloud.com") + entry("#bob@icloud.com"))
      << "\"#\" may begin an address (RFC 5322 section 3.2.3)";
}

TEST(PlainFile, takes_crlf_and_a_last_line_without_end) {
  EXPECT_EQ(read("bob@icloud.com\r\n\r\neve@me.com"),
            entry("bob@icloud.com") + entry("eve@me.com"));
}

TEST(PlainFile, takes_a_byte_order_mark) {
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "bob@icloud.com\n"),
            entry("bob@icloud.com"));
}

TEST(PlainFile, names_each_bad_line_and_goes_on) {
  EXPECT_EQ(read("bob@icloud.com\nbob\n\neve@me.com\na b@me.com\n"),
            entry("bob@icloud.com") + "list.csv:2: address \"bob\": has no \"@\"\n" +
                entry("eve@me.com") +
                "list.csv:5: address \"a b@me.com\": the local part must be atoms joined by single "
                "dots, or quoted\n");
}

TEST(PlainFile, is_none_that_begins_with_titles_nobody_knows) {
  EXPECT_EQ(read("mail,why\nbob@icloud.com,gone\n"),
            "list.csv:1: expected one address on each line, or a header line with a column named "
            "address such as \"address,reason\", found \"mail,why\"");
}

TEST(PlainFile, that_is_said_to_be_plain_has_no_header_line) {
  EXPECT_EQ(read("email\nbob@icloud.com\n", FileFormat::plain),
            "list.csv:1: address \"email\": has no \"@\"\n" + entry("bob@icloud.com"));
}

TEST(PlainFile, may_be_empty) {
  for (const std::string_view content : {"", "\n", "\r\n", "\xef\xbb\xbf", "# nothing\n"}) {
    for (const FileFormat format : {FileFormat::automatic, FileFormat::csv, FileFormat::plain}) {
      EXPECT_EQ(read(content, format), "") << content;
    }
  }
}

// ---- CSV files ----

TEST(CsvFile, is_known_by_a_column_of_addresses) {
  EXPECT_EQ(read("address\nbob@icloud.com\n"), entry("bob@icloud.com"));
  EXPECT_EQ(read("# from the shop\n\nnote, EMail \r\nx,bob@icloud.com\r\n"),
            "bob@icloud.com manual global 2026-11-21T08:00:00.000Z never import:list.csv|x\n");
}

TEST(CsvFile, has_all_that_an_entry_has) {
  EXPECT_EQ(
      read("address,reason,scope,created,expires,source,note\n"
           "Bob@iCloud.com,unsubscribe,list:News.Shop.Example,2026-11-01T10:00:00+02:00,,crm,\n"
           "eve@me.com,suspended,stream:shop,2026-11-01,2026-12-01,crm,\"full, \"\"552\"\"\"\n"),
      "bob@icloud.com unsubscribe list:news.shop.example 2026-11-01T08:00:00.000Z never crm|\n"
      "eve@me.com suspended stream:shop 2026-11-01T00:00:00.000Z 2026-12-01T00:00:00.000Z "
      "crm|full, \"552\"\n");
}

TEST(CsvFile, takes_columns_in_any_order_and_defaults_for_empty_fields) {
  EXPECT_EQ(read("reason,address,note\n,bob@icloud.com,\nmanual,eve@me.com,\"\"\n"),
            entry("bob@icloud.com") + entry("eve@me.com"));
}

TEST(CsvFile, names_each_bad_line_and_goes_on) {
  EXPECT_EQ(
      read("address,reason,scope,expires\n"
           "bob@icloud.com,gone,,\n"
           "bob@icloud.com,,shop,\n"
           "bob@icloud.com,,,soon\n"
           "bob@icloud.com,,\n"
           "bob@icloud.com,,,,\n"
           ",manual,,\n"
           "\"bob@icloud.com,,,\n"
           "\n"
           "eve@me.com,,,\n"),
      "list.csv:2: reason: expected one of unsubscribe, complaint, hard-bounce, relay-off, "
      "suspended, manual, erasure; found \"gone\"\n"
      "list.csv:3: scope: expected global, stream:NAME or list:ID of at most 255 printable octets "
      "without blanks, found \"shop\"\n"
      "list.csv:4: expires: expected a time such as 2026-11-21T08:15:30Z, 2026-11-21 or "
      "@1763712930, got \"soon\"\n"
      "list.csv:5: expected 4 columns as in the header line, found 3\n"
      "list.csv:6: expected 4 columns as in the header line, found 5\n"
      "list.csv:7: address \"\": has no \"@\"\n"
      "list.csv:8: expected a closing quote on the same line, found none\n" +
          entry("eve@me.com"));
}

TEST(CsvFile, is_refused_whole_for_its_header_line) {
  const std::string columns_told =
      "expected columns named address, reason, scope, created, expires, source, note, confirmed, "
      "pattern, reply, queue_id, first_seen, last_seen or count, separated by commas; found ";
  for (const auto& [content, told] :
       {std::pair<std::string_view, std::string>{"address,colour\n",
                                                 "list.csv:1: " + columns_told + "\"colour\""},
        {"\naddress;reason\n", "list.csv:2: " + columns_told + "\"address;reason\""},
        {"address,note,Email\n", "list.csv:1: expected each column once, found \"email\" again"},
        {"address,note,note\n", "list.csv:1: expected each column once, found \"note\" again"},
        {"reason,note\n", "list.csv:1: expected a column named address, found none"},
        {"address,\"note\n",
         "list.csv:1: expected a closing quote on the same line, found none"}}) {
    EXPECT_EQ(read(content, FileFormat::csv), told) << content;
  }
  EXPECT_EQ(read("address,colour\n"), "list.csv:1: " + columns_told + "\"colour\"");
}

TEST(CsvFile, tells_whether_it_has_only_addresses) {
  struct Case {
    std::string_view content;
    bool only_addresses;
  };
  for (const auto& [content, only_addresses] :
       {Case{"email\nbob@icloud.com\n", true}, Case{"email,note\n", false},
        Case{"bob@icloud.com\n", true}, Case{"", true}}) {
    const File file = file_of(content);
    EntryFile entries(file.get(), "list.csv", FileFormat::automatic, defaults());
    ASSERT_TRUE(entries.begin());
    EXPECT_EQ(entries.has_only_addresses(), only_addresses) << content;
  }
}

TEST(CsvFile, takes_the_apostrophe_off_that_keeps_a_spreadsheet_from_running_a_field) {
  EXPECT_EQ(read("address,source,note\n'+bob@icloud.com,'=shop,'tis\n"),
            "+bob@icloud.com manual global 2026-11-21T08:00:00.000Z never =shop|'tis\n");
}

TEST(CsvFile, has_the_evidence_of_an_entry_whole_or_not_at_all) {
  const std::string titles = "address,pattern,reply,queue_id,first_seen,last_seen,count\n";
  EXPECT_EQ(read(titles + "bob@icloud.com,gone,550 5.1.1,4a,2026-11-01,2026-11-02,3\n" +
                 "eve@me.com,,,,,,\n"),
            entry("bob@icloud.com") +
                "  gone|550 5.1.1|4a 2026-11-01T00:00:00.000Z 2026-11-02T00:00:00.000Z 3\n" +
                entry("eve@me.com"));
  EXPECT_EQ(read(titles + "a@me.com,gone,,,2026-11-01,2026-11-02,\n" +
                 "a@me.com,,550,,2026-11-01,2026-11-02,1\n" +
                 "a@me.com,gone,,,2026-11-01,soon,1\na@me.com,gone,,,2026-11-01,2026-11-02,-1\n"),
            "list.csv:2: evidence: expected pattern, first_seen, last_seen and count, found no "
            "count\n"
            "list.csv:3: evidence: expected pattern, first_seen, last_seen and count, found no "
            "pattern\n"
            "list.csv:4: last_seen: expected a time such as 2026-11-21T08:15:30Z, 2026-11-21 or "
            "@1763712930, got \"soon\"\n"
            "list.csv:5: count: expected a whole number, found \"-1\"\n");
}

// ---- JSON lines ----

TEST(JsonFile, is_known_by_its_first_object_and_has_all_that_an_entry_has) {
  EXPECT_EQ(
      read("\xef\xbb\xbf\n"
           "{\"address\":\"Bob@iCloud.com\",\"reason\":\"hard-bounce\",\"scope\":\"global\","
           "\"created\":\"2026-11-01T08:00:00.007Z\",\"expires\":null,\"source\":\"crm\","
           "\"note\":\"a \\\"b\\\" \\u00e4\",\"evidence\":{\"pattern\":\"gone\",\"reply\":\"550\","
           "\"queue_id\":\"4a\",\"first_seen\":\"2026-11-01T00:00:00Z\","
           "\"last_seen\":\"2026-11-02T00:00:00Z\",\"count\":3}}\r\n"
           "\n {\"address\": \"eve@me.com\", \"source\": \"\", \"evidence\": null}"),
      "bob@icloud.com hard-bounce global 2026-11-01T08:00:00.007Z never crm|a \"b\" \xc3\xa4\n"
      "  gone|550|4a 2026-11-01T00:00:00.000Z 2026-11-02T00:00:00.000Z 3\n" +
          entry("eve@me.com"));
  EXPECT_EQ(read("{bob@icloud.com\n"), entry("{bob@icloud.com")) << "a brace may begin an address";
}

TEST(JsonFile, names_each_bad_line_and_goes_on) {
  const std::string members =
      "expected members named address, reason, scope, created, expires, source, note, "
      "confirmed and evidence, and in this one pattern, reply, queue_id, first_seen, last_seen and "
      "count; found ";
  EXPECT_EQ(
      read(
          "{\"address\":\"eve@me.com\"}\n"
          "{\"reason\":\"manual\"}\n"
          "{\"address\":\"eve@me.com\",\"colour\":\"red\"}\n"
          "{\"address\":\"eve@me.com\",\"pattern\":\"gone\"}\n"
          "{\"address\":\"eve@me.com\",\"evidence\":{\"address\":\"x\"}}\n"
          "{\"address\":\"eve@me.com\",\"evidence\":{}}\n"
          "{\"address\":\"eve@me.com\",\"evidence\":\"gone\"}\n"
          "{\"address\":7}\n"
          "{\"address\":\"eve@me.com\",\"evidence\":{\"count\":\"3\"}}\n"
          "{\"address\":\"eve@me.com\",\"reason\":\"\"}\n"
          "eve@me.com\n"
          "{\"address\":\"eve@me.com\",\"created\":\"2026-11-02\",\"confirmed\":\"2026-11-02\"}\n"),
      entry("eve@me.com") + "list.csv:2: expected a member named address, found none\n" +
          "list.csv:3: " + members + "\"colour\"\n" + "list.csv:4: " + members + "\"pattern\"\n" +
          "list.csv:5: " + members + "\"evidence.address\"\n" +
          "list.csv:6: evidence: expected pattern, first_seen, last_seen and count, found no "
          "pattern\n"
          "list.csv:7: evidence: expected an object, found a text\n"
          "list.csv:8: address: expected a text, found a number\n"
          "list.csv:9: evidence.count: expected a number, found a text\n"
          "list.csv:10: reason: expected one of unsubscribe, complaint, hard-bounce, relay-off, "
          "suspended, manual, erasure; found \"\"\n"
          "list.csv:11: expected a JSON object, found \"e\" at octet 1\n"
          "list.csv:12: confirmed: expected a time after created (2026-11-02T00:00:00.000Z), found "
          "2026-11-02T00:00:00.000Z\n");
}

// ---- hostile files ----

TEST(EntryFile, of_utf16_is_refused_with_the_remedy) {
  for (const std::string_view mark : {"\xff\xfe", "\xfe\xff"}) {
    EXPECT_EQ(read(std::string(mark) + std::string("b\0o\0b\0", 6)),
              "list.csv: expected UTF-8, found UTF-16; save the file as UTF-8");
  }
}

TEST(EntryFile, has_bad_lines_where_they_are_too_long_in_bounded_memory) {
  const std::string longest(max_line_octets, 'x');
  const std::string told = "expected a line of at most 16384 octets\n";
  EXPECT_EQ(
      read("bob@icloud.com\n" + longest + "x\n" + std::string(1 << 20, 'y') + "\neve@me.com\n"),
      entry("bob@icloud.com") + "list.csv:2: " + told + "list.csv:3: " + told +
          entry("eve@me.com"));
  EXPECT_EQ(read("bob@icloud.com\n" + longest + "\r\n" + longest),
            entry("bob@icloud.com") + "list.csv:2: address \"" + std::string(80, 'x') +
                "...\": has 16384 octets, at most 254 are allowed\nlist.csv:3: address \"" +
                std::string(80, 'x') + "...\": has 16384 octets, at most 254 are allowed\n")
      << "its line end is no part of a line";
  EXPECT_EQ(read(longest + "x\n"), "list.csv:1: expected a line of at most 16384 octets");
}

// Who prints the complaint cleans it.
TEST(EntryFile, may_hold_any_octets) {
  EXPECT_EQ(read(std::string("b\0b@icloud.com\n\x80@me.com\nbob@icloud.com\n", 38)),
            std::string("list.csv:1: address \"b\0b@icloud.com\"", 36) +
                ": the local part must be atoms joined by single dots, or quoted\n"
                "list.csv:2: address \"\x80@me.com\": is not UTF-8\n" +
                entry("bob@icloud.com"));
}

TEST(EntryFile, of_many_lines_is_read_across_its_pieces) {
  std::string content;
  std::string told;
  for (int i = 0; i < 30000; ++i) {
    content += fmt::format("user{}@icloud.com{}\n", i, i % 3 == 0 ? "\r" : "");
    told += entry(fmt::format("user{}@icloud.com", i));
  }
  EXPECT_EQ(read(content), told);
}

TEST(EntryFile, that_cannot_be_read_says_so) {
  const File directory(std::fopen("/", "r"));
  ASSERT_TRUE(directory);
  EntryFile entries(directory.get(), "/", FileFormat::automatic, defaults());
  const Status begun = entries.begin();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error(), (Error{Code::temporary, "/: cannot be read: Is a directory"}));
}

TEST(FileFormat, is_one_of_four_words) {
  EXPECT_EQ(read_file_format("").value(), FileFormat::automatic);
  EXPECT_EQ(read_file_format("auto").value(), FileFormat::automatic);
  EXPECT_EQ(read_file_format("csv").value(), FileFormat::csv);
  EXPECT_EQ(read_file_format("plain").value(), FileFormat::plain);
  EXPECT_EQ(read_file_format("json").value(), FileFormat::json);
  EXPECT_EQ(read_file_format("JSON").error(),
            (Error{Code::syntax, "format: expected auto, csv, json or plain, found \"JSON\""}));
}

}  // namespace
}  // namespace icm::ctl
