// SPDX-License-Identifier: Apache-2.0
//
// The addresses by which one person leaves one scope: made from a token, written into the fields of
// RFC 2369 and RFC 8058, and found again in where a mail was sent.
//
// The https form ends in the token. The mailto form has it in the local part, because Apple Mail's
// button sends a mail with an empty subject to the bare address; a local part takes 64 octets (RFC
// 5321 §4.5.3.1.1). Where the token does not fit, a mark stands there, which together with the
// address that the mail comes from says the same, and the token goes into the subject, for programs
// that heed it (RFC 6068 §2); for a list the subject alone has it. The price: the reader who uses Apple's button and writes from another
// address than mail was sent to cannot be told, and has to use the https form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/base/mailbox.h"
#include "policy/unsubscribe/token.h"

namespace icm {

// Where the site takes unsubscribes; what is empty it does not.
struct UnsubscribePlace {
  std::string url;        // https, without a token
  std::string mailto;     // an address, or a domain whose local parts are tokens
  std::string delimiter;  // between local part and token
};

struct UnsubscribeForms {
  std::string https;
  std::string mailto;
  bool has_whole_token = true;  // the local part of mailto carries the token, not only a mark
};

UnsubscribeForms unsubscribe_forms(const UnsubscribeTokens& tokens, const UnsubscribePlace& place,
                                   const Mailbox& mailbox, std::string_view scope);

// Values of List-Unsubscribe, folded between its URIs only, with LF at the fold, and of
// List-Unsubscribe-Post; this one empty without an https form (RFC 8058 §3.1).
std::string list_unsubscribe_value(const UnsubscribeForms& forms);
std::string list_unsubscribe_post_value(const UnsubscribeForms& forms);

// What stands in the place of the token in an address of this site; nothing for other addresses.
std::optional<std::string> token_of_recipient(const UnsubscribePlace& place,
                                              const Mailbox& recipient);

// What stands in the place of the token in the path of a request; nothing for other paths.
std::optional<std::string> token_of_path(const UnsubscribePlace& place, std::string_view path);

}  // namespace icm
