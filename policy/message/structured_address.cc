// SPDX-License-Identifier: Apache-2.0
//
// Address lists: RFC 5322 §3.4 with the obsolete forms of §4.4, by descent without recursion
// (groups do not nest).
#include "policy/base/text.h"
#include "policy/message/field_scanner.h"
#include "policy/message/structured.h"

namespace icm {
namespace {

// A run of words and dots: a phrase, or a local part, which only what follows it can tell.
struct Words {
  std::string phrase;  // as a display name
  std::string local;   // as a local part
  bool empty = true;
  bool is_local_part = true;   // word *("." word): RFC 5322 §4.4 obs-local-part
  bool has_dot = false;        // outside quotes
  bool has_inner_gap = false;  // between its tokens
  bool has_gap_after = false;
  bool has_control = false;
};

// The name of a group is kept with each of its addresses, of which there may be thousands.
constexpr std::size_t longest_group_name = 100;

// The shortest form of a quoted word in a local part.
std::string local_word(const std::string& text) {
  if (is_dot_atom(text)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted += '"';
}

class AddressListParser {
 public:
  explicit AddressListParser(std::string_view value) : scanner_(value) {}

  Result<std::vector<Address>> parse() {
    ICM_TRY(const std::size_t elements, list(Place::top));
    if (elements == 0) return scanner_.expected("an address");
    if (has_empty_element_) {
      for (Address& address : addresses_) address.obsolete_syntax = true;
    }
    return std::move(addresses_);
  }

 private:
  enum class Place { top, group };

  bool at_end_of(Place place) const {
    return place == Place::group ? scanner_.next_is(';') : scanner_.at_end();
  }

  // address-list or group-list, up to its end; §4.4 lets elements be missing. The number of those
  // that are there.
  Result<std::size_t> list(Place place) {
    std::size_t elements = 0;
    std::size_t commas = 0;
    bool after_element = false;
    for (;;) {
      ICM_CHECK(scanner_.gap());
      if (at_end_of(place)) break;
      if (scanner_.take(',')) {
        ++commas;
        after_element = false;
        continue;
      }
      if (after_element) {
        return scanner_.expected(place == Place::group ? "\",\" or \";\"" : "\",\" or the end");
      }
      ICM_CHECK(element(place));
      ++elements;
      after_element = true;
    }
    if (commas > 0 && commas >= elements) has_empty_element_ = true;
    return elements;
  }

  // One mailbox, or one group.
  Status element(Place place) {
    ICM_TRY(Words words, read_words());
    if (scanner_.take('<')) return angle_address(words);
    if (words.empty) return scanner_.expected("an address");
    if (scanner_.next_is(':') && place == Place::top) return group(words);
    Address address;
    ICM_CHECK(address_spec(words, address));
    if (scanner_.next_is('<')) {
      return scanner_.expected("\",\" or the end (a display name with \"@\" must be quoted)");
    }
    add(std::move(address));
    return {};
  }

  void add(Address address) {
    address.group = group_;
    address.in_group = in_group_;
    addresses_.push_back(std::move(address));
  }

  // phrase / obs-phrase / local-part, with the gaps around it.
  Result<Words> read_words() {
    Words words;
    bool after_word = false;
    for (;;) {
      ICM_TRY(const Gap gap, scanner_.gap());
      const bool is_dot = scanner_.next_is('.');
      const bool is_quoted = scanner_.next_is('"');
      if (!is_dot && !is_quoted && !scanner_.next_in(is_atext)) {
        words.has_gap_after = gap.present;
        words.is_local_part = words.is_local_part && after_word;
        return words;
      }
      if (!words.empty && gap.present) words.has_inner_gap = true;
      if (!words.empty && (gap.present || (after_word && !is_dot))) words.phrase += ' ';
      if (is_dot == !after_word) words.is_local_part = false;  // words and dots take turns
      words.empty = false;
      after_word = !is_dot;
      if (is_dot) {
        scanner_.take('.');
        words.has_dot = true;
        words.phrase += '.';
        words.local += '.';
      } else if (is_quoted) {
        ICM_TRY(const QuotedText quoted, scanner_.quoted_string());
        words.has_control = words.has_control || quoted.obsolete_syntax;
        words.phrase += quoted.text;
        words.local += local_word(quoted.text);
      } else {
        const std::string_view atom = scanner_.take_while(is_atext);
        words.phrase += atom;
        words.local += atom;
      }
    }
  }

  // `words` "@" domain; or `words` alone, where "@" and domain are missing.
  Status address_spec(const Words& words, Address& address) {
    if (!words.is_local_part) {
      return scanner_.expected(
          scanner_.next_is('@') ? "one local part of atoms joined by dots, or quoted, before \"@\""
                                : "\"<\" and an address after the display name");
    }
    address.local = words.local;
    if (words.has_inner_gap || words.has_control) address.obsolete_syntax = true;
    if (!scanner_.take('@')) return {};
    if (words.has_gap_after) address.obsolete_syntax = true;
    return domain(address);
  }

  // dot-atom / domain-literal / obs-domain
  Status domain(Address& address) {
    ICM_TRY(const Gap before, scanner_.gap());
    if (before.present) address.obsolete_syntax = true;
    if (scanner_.next_is('[')) {
      ICM_TRY(const QuotedText literal, scanner_.domain_literal());
      if (literal.obsolete_syntax) address.obsolete_syntax = true;
      address.domain = literal.text;
      return {};
    }
    for (;;) {
      const std::string_view atom = scanner_.take_while(is_atext);
      if (atom.empty()) return scanner_.expected("a domain");
      address.domain += atom;
      ICM_TRY(const Gap before_dot, scanner_.gap());
      if (!scanner_.take('.')) return {};
      address.domain += '.';
      ICM_TRY(const Gap after_dot, scanner_.gap());
      if (before_dot.present || after_dot.present) address.obsolete_syntax = true;
    }
  }

  // angle-addr / obs-angle-addr behind its "<"
  Status angle_address(const Words& name) {
    Address address;
    address.display_name = name.phrase;
    address.unquoted_dot = name.has_dot;
    address.obsolete_syntax = name.has_control;
    ICM_CHECK(scanner_.gap());
    if (scanner_.next_is('@') || scanner_.next_is(',')) {
      address.obsolete_syntax = true;
      ICM_CHECK(route());
    }
    ICM_TRY(const Words words, read_words());
    if (words.empty) return scanner_.expected("an address after \"<\"");
    ICM_CHECK(address_spec(words, address));
    ICM_CHECK(scanner_.gap());
    if (!scanner_.take('>')) return scanner_.expected("\">\"");
    add(std::move(address));
    return {};
  }

  // obs-route: read and forgotten.
  Status route() {
    while (!scanner_.take(':')) {
      if (scanner_.take('@')) {
        Address hop;
        ICM_CHECK(domain(hop));
      } else if (!scanner_.take(',')) {
        return scanner_.expected("\"@\", \",\" or \":\" in the route");
      }
      ICM_CHECK(scanner_.gap());
    }
    return {};
  }

  // group behind its display name
  Status group(const Words& name) {
    scanner_.take(':');
    group_ = excerpt(name.phrase, longest_group_name);
    in_group_ = true;
    ICM_CHECK(list(Place::group));
    if (!scanner_.take(';')) return scanner_.expected("\";\"");
    group_.clear();
    in_group_ = false;
    return {};
  }

  FieldScanner scanner_;
  std::vector<Address> addresses_;
  std::string group_;
  bool in_group_ = false;
  bool has_empty_element_ = false;
};

}  // namespace

Result<std::vector<Address>> parse_address_list(std::string_view value) {
  return AddressListParser(value).parse();
}

}  // namespace icm
