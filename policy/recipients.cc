// SPDX-License-Identifier: Apache-2.0
//
// Apple's domains by name, and finding them in what mail servers take for addresses.
#include "policy/recipients.h"

#include <algorithm>
#include <array>
#include <string>

#include "policy/base/text.h"

namespace icm {
namespace {

// Mail addresses of Apple accounts (support.apple.com/118230): one mailbox may have all three.
constexpr std::array<std::string_view, 3> mailbox_domains = {"icloud.com", "mac.com", "me.com"};

// Where Sign in with Apple and Hide My Email make addresses up. Hide My Email also makes addresses
// in icloud.com, which no name can tell from a person's own.
constexpr std::array<std::string_view, 2> relay_domains = {"private.icloud.com",
                                                           "privaterelay.appleid.com"};

template <std::size_t size>
bool is_among(const std::array<std::string_view, size>& names, const Domain& domain) {
  return std::ranges::find(names, std::string_view(domain.text())) != names.end();
}

// What is left of an address without comments (RFC 5322 §3.2.2), quotes and backslashes.
std::string cleaned(std::string_view text) {
  std::string left;
  bool is_quoted = false;
  int depth = 0;  // of comments, which nest
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      if (depth == 0 && i + 1 < text.size()) left += text[i + 1];
      ++i;
    } else if (c == '"' && depth == 0) {
      is_quoted = !is_quoted;
    } else if (c == '(' && !is_quoted) {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (depth == 0) {
      left += c;
    }
  }
  return left;
}

bool may_be_in_domain(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) > 127;
}

bool is_apples(std::string_view name, const AppleDomains& apple) {
  while (name.starts_with('.')) name.remove_prefix(1);
  while (name.ends_with('.')) name.remove_suffix(1);
  const auto domain = Domain::parse(name);
  return domain && apple.contains(*domain);
}

// Whether one of the words between all that can be in no domain is a domain of Apple's.
bool names_apple(std::string_view text, const AppleDomains& apple) {
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, may_be_in_domain) - text.begin();
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end));
    if (!word.empty() && is_apples(word, apple)) return true;
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return false;
}

// Mail servers take blanks for the end of a word or for nothing at all.
bool may_become_apples(std::string_view text, const AppleDomains& apple) {
  std::string words = cleaned(text);
  if (names_apple(words, apple)) return true;
  std::erase_if(words, [](char c) { return c >= 0 && c <= ' '; });
  return names_apple(words, apple);
}

bool has_route(std::string_view local) { return local.find_first_of("%!@") != std::string::npos; }

// "aaa…@icloud.com": mail servers deliver it although RFC 5321 §4.5.3.1.1 ends it at 64 octets.
bool is_only_too_long(std::string_view text, const AppleDomains& apple) {
  constexpr std::size_t longest_local = 64;
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at <= longest_local) return false;
  const auto domain = Domain::parse(text.substr(at + 1));
  return is_dot_atom(text.substr(0, at)) && domain && apple.contains(*domain);
}

}  // namespace

Reach reach_of(const Recipient& recipient, const AppleDomains& apple) {
  if (!recipient.mailbox) {
    if (is_only_too_long(recipient.text, apple)) return Reach::apple;
    return may_become_apples(recipient.text, apple) ? Reach::unclear : Reach::elsewhere;
  }
  const Mailbox& mailbox = *recipient.mailbox;
  if (apple.known(mailbox.domain()) == Whose::apple) return Reach::apple;
  const bool is_unclear = has_route(mailbox.local()) && may_become_apples(mailbox.local(), apple);
  return is_unclear ? Reach::unclear : Reach::elsewhere;
}

Reach reach_of(const Recipient& recipient, const AppleDomains& apple, Deadline deadline) {
  const Reach by_words = reach_of(recipient, apple);
  if (by_words != Reach::elsewhere || !recipient.mailbox) return by_words;
  switch (apple.whose(recipient.mailbox->domain(), deadline)) {
    case Whose::elsewhere:
      return Reach::elsewhere;
    case Whose::apple:
      return Reach::apple;
    case Whose::unknown:
      return Reach::unknown;
  }
  return Reach::unknown;
}

NamedAppleDomains::NamedAppleDomains(std::vector<Domain> added) : domains_(std::move(added)) {
  std::ranges::sort(domains_);
}

bool NamedAppleDomains::contains(const Domain& domain) const {
  return is_among(mailbox_domains, domain) || is_among(relay_domains, domain) ||
         std::ranges::binary_search(domains_, domain);
}

bool NamedAppleDomains::is_private_relay(const Domain& domain) const {
  return is_among(relay_domains, domain);
}

}  // namespace icm
