// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/plain_words.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace icm {
namespace {

struct Spelling {
  std::string_view octets;
  std::string_view plain;
};

// Where one begins with another, the longer stands first.
constexpr std::array spellings = {
    // UTF-8 read as Windows-1252 and encoded again.
    Spelling{"\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2", "'"},
    Spelling{"\xC3\xA2\xE2\x82\xAC\xCB\x9C", "'"},
    // UTF-8: U+2018, U+2019, U+02BC, U+00B4, U+2032.
    Spelling{"\xE2\x80\x98", "'"},
    Spelling{"\xE2\x80\x99", "'"},
    Spelling{"\xCA\xBC", "'"},
    Spelling{"\xC2\xB4", "'"},
    Spelling{"\xE2\x80\xB2", "'"},
    // U+201C, U+201D; U+2010 to U+2015; U+2026.
    Spelling{"\xE2\x80\x9C", "\""},
    Spelling{"\xE2\x80\x9D", "\""},
    Spelling{"\xE2\x80\x90", "-"},
    Spelling{"\xE2\x80\x91", "-"},
    Spelling{"\xE2\x80\x92", "-"},
    Spelling{"\xE2\x80\x93", "-"},
    Spelling{"\xE2\x80\x94", "-"},
    Spelling{"\xE2\x80\x95", "-"},
    Spelling{"\xE2\x80\xA6", "..."},
    // U+00A0, U+202F, U+2009; zero-width ones and the byte order mark vanish.
    Spelling{"\xC2\xA0", " "},
    Spelling{"\xE2\x80\xAF", " "},
    Spelling{"\xE2\x80\x89", " "},
    Spelling{"\xE2\x80\x8B", ""},
    Spelling{"\xEF\xBB\xBF", ""},
    // Written out by JSON, by our own log, in quoted-printable, in HTML.
    Spelling{"\\u2019", "'"},
    Spelling{"\\u2018", "'"},
    Spelling{"\\u003c", "<"},
    Spelling{"\\u003e", ">"},
    Spelling{"\\xE2\\x80\\x99", "'"},
    Spelling{"\\xe2\\x80\\x99", "'"},
    Spelling{"=E2=80=99", "'"},
    Spelling{"&rsquo;", "'"},
    Spelling{"&#39;", "'"},
    Spelling{"&#8217;", "'"},
    Spelling{"&lt;", "<"},
    Spelling{"&gt;", ">"},
    Spelling{"&amp;", "&"},
    Spelling{"&nbsp;", " "},
    Spelling{"\\r\\n", "\n"},
    Spelling{"\\n", "\n"},
    Spelling{"\\t", " "},
    Spelling{"\r\n", "\n"},
    // Windows-1252, where it is no UTF-8.
    Spelling{"\x91", "'"},
    Spelling{"\x92", "'"},
    Spelling{"\x93", "\""},
    Spelling{"\x94", "\""},
    Spelling{"\x96", "-"},
    Spelling{"\x97", "-"},
    Spelling{"\xA0", " "},
};

// The octets of a UTF-8 character that begins with `lead`, 1 for what begins none.
std::size_t character_octets(unsigned char lead) {
  if (lead >= 0xF0 && lead < 0xF8) return 4;
  if (lead >= 0xE0) return lead < 0xF0 ? 3 : 1;
  return lead >= 0xC2 ? 2 : 1;
}

std::size_t length_of(std::string_view rest) {
  const std::size_t octets = character_octets(static_cast<unsigned char>(rest.front()));
  if (rest.size() < octets) return 1;
  for (std::size_t i = 1; i < octets; ++i) {
    if ((static_cast<unsigned char>(rest[i]) & 0xC0) != 0x80) return 1;
  }
  return octets;
}

bool may_begin_spelling(char c) {
  return c == '\\' || c == '&' || c == '=' || c == '\r' || static_cast<unsigned char>(c) > 127;
}

}  // namespace

std::string plain_words(std::string_view octets) {
  std::string plain;
  plain.reserve(octets.size());
  while (!octets.empty()) {
    const char c = octets.front();
    if (may_begin_spelling(c)) {
      const auto known = std::ranges::find_if(
          spellings, [&](const Spelling& spelling) { return octets.starts_with(spelling.octets); });
      if (known != spellings.end()) {
        plain += known->plain;
        octets.remove_prefix(known->octets.size());
        continue;
      }
    }
    if (static_cast<unsigned char>(c) > 127) {
      plain += '?';
      octets.remove_prefix(length_of(octets));
      continue;
    }
    const bool is_visible = c > ' ' && c < 0x7F;
    plain += is_visible || c == '\n' ? c : ' ';
    octets.remove_prefix(1);
  }
  return plain;
}

}  // namespace icm
