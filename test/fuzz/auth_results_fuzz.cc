// SPDX-License-Identifier: Apache-2.0
//
// Any octets as the body of Authentication-Results. What is read and written again must be the
// grammar of RFC 8601, be read as what was written, and be recognised as ours when it bears our
// name.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/auth/auth_results.h"
#include "policy/auth/authserv_id.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

// Legal on the wire: printable ASCII, folds of CRLF and a blank, no line beyond RFC 5322 §2.1.1.
void check_wire(std::string_view value) {
  std::size_t column = icm::auth_results_field.size() + 2;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\r') {
      expect(value.substr(i, 3) == "\r\n ");
      i += 2;
      column = 1;
      continue;
    }
    expect(value[i] >= ' ' && value[i] < 0x7f);
    expect(++column <= 998);
  }
}

void check_written(const icm::AuthenticationResults& field) {
  const std::string value = icm::to_field_value(field);
  check_wire(value);
  const auto again = icm::AuthenticationResults::parse(value);
  expect(again.has_value());
  expect(again->oddity.empty());
  expect(icm::to_field_value(*again) == value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(octets), size);
  const auto field = icm::AuthenticationResults::parse(value);
  constexpr std::string_view ours = "mail.shop.example";
  if (!field) {
    expect(!field.error().text.empty());
    return 0;
  }
  check_written(*field);
  if (icm::is_same_authserv_id(field->authserv_id, ours)) {
    expect(icm::claims_authserv_id(value, ours));
  }
  icm::AuthenticationResults forged = *field;
  forged.authserv_id = ours;
  expect(icm::claims_authserv_id(icm::to_field_value(forged), ours));
  // Whatever stands before it in comments and blanks, the name is seen.
  expect(icm::claims_authserv_id(
      " (" + std::string(3, '(') + ")))) MAIL.shop.example;" + std::string(value), ours));
  return 0;
}
