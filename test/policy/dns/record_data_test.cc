// SPDX-License-Identifier: Apache-2.0
//
// Octets that a careful library would not hand on, and those it does.
#include "policy/dns/record_data.h"

#include <gtest/gtest.h>

#include "test/policy/dns/resolver_fixture.h"

namespace icm {
namespace {

using namespace std::string_view_literals;

TEST(RecordData, is_read_whole_or_not_at_all) {
  struct Case {
    RecordType type;
    std::string_view data, answer;
  };
  for (const auto& [type, data, answer] : {
           Case{RecordType::a, "\xc0\x00\x02\x01"sv, "192.0.2.1"},
           Case{RecordType::a, "\xc0\x00\x02"sv, "an address has 3 octets, not 4"},
           Case{RecordType::a, ""sv, "an address has 0 octets, not 4"},
           Case{RecordType::aaaa, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"sv, "2001:db8::1"},
           Case{RecordType::aaaa, "\xc0\x00\x02\x01"sv, "an address has 4 octets, not 16"},
           Case{RecordType::mx, "\x01\x02\x02Mx\x01x\x00"sv, "258 \"mx.x\""},
           Case{RecordType::mx, "\x00\x00\x00"sv, "0 \"\""},
           Case{RecordType::mx, "\x00\x0a"sv, "an MX record is cut off"},
           Case{RecordType::mx, "\x00\x0a\x02mx"sv, "a name has no end"},
           Case{RecordType::mx, "\x00\x0a\x00\x00"sv, "octets follow a name"},
           Case{RecordType::txt,
                "\x02"
                "ab\x00\x01"
                "c"sv,
                "abc"},
           Case{RecordType::txt, "\x00"sv, ""},
           Case{RecordType::txt,
                "\x05"
                "abc"sv,
                "a character-string is cut off"},
           Case{RecordType::ptr,
                "\x03"
                "a.b\x01"
                "c\x00"sv,
                "a\\046b.c"},
           Case{RecordType::ptr, "\xc0\x0c"sv, "a label is cut off"},
           Case{RecordType::ptr,
                "\x04"
                "abc"sv,
                "a label is cut off"},
           Case{RecordType::ptr, ""sv, "a name has no end"},
       }) {
    DnsAnswer taken;
    const Status read = read_record_data(type, data, taken);
    taken.status = DnsStatus::ok;
    EXPECT_EQ(read ? shown(taken) : read.error().text,
              read ? fmt::format("ok: {}", answer) : std::string(answer));
    if (!read) {
      EXPECT_EQ(shown(taken), "ok") << "nothing was taken";
    }
  }
}

TEST(RecordData, a_name_ends_at_255_octets) {
  std::string name;
  for (int i = 0; i < 4; ++i) name += "\x3f" + std::string(63, 'a');
  DnsAnswer answer;
  const Status read = read_record_data(RecordType::ptr, name + '\0', answer);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text, "a name has more than 255 octets");
  name.resize(name.size() - 3);
  name[3 * 64] = 60;
  EXPECT_TRUE(read_record_data(RecordType::ptr, name + '\0', answer));
}

}  // namespace
}  // namespace icm
