// SPDX-License-Identifier: Apache-2.0
//
// Reading SMTP paths (RFC 5321 §4.1.2).
#include "policy/base/mailbox.h"

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_local = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t longest_path = 254;  // RFC 5321 §4.5.3.1.3: 256 with the angle brackets

tl::unexpected<Error> refuse(std::string_view text, std::string_view problem) {
  return fail(Code::syntax, fmt::format("address \"{}\": {}", excerpt(text), problem));
}

// Length of the Quoted-string at the front, its quotes included; 0 when it is none.
std::size_t quoted_string_length(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
    if (i == text.size() || static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f) return 0;
  }
  return 0;
}

// The local part of `mailbox`, up to its "@".
Result<std::string_view> read_local(std::string_view mailbox, std::string_view given) {
  std::size_t end = 0;
  if (mailbox.starts_with('"')) {
    end = quoted_string_length(mailbox);
    if (end == 0) return refuse(given, "the quoted local part is not closed or not printable");
  } else {
    end = mailbox.find('@');
    if (end == std::string_view::npos) return refuse(given, "has no \"@\"");
    if (end == 0) return refuse(given, "has no local part");
    if (!is_dot_atom(mailbox.substr(0, end))) {
      return refuse(given, "the local part must be atoms joined by single dots, or quoted");
    }
  }
  if (end == mailbox.size() || mailbox[end] != '@') {
    return refuse(given, "expected \"@\" after the local part");
  }
  if (end > longest_local) {
    return refuse(given, fmt::format("the local part has {} octets, at most 64 are allowed", end));
  }
  return mailbox.substr(0, end);
}

// Drops the "@one,@two:" of a source route (RFC 5321 §4.1.1.3, appendix C).
Result<std::string_view> without_route(std::string_view path, std::string_view given) {
  if (!path.starts_with('@')) return path;
  const std::size_t colon = path.find(':');
  if (colon == std::string_view::npos) return refuse(given, "the source route has no \":\"");
  for (const std::string_view hop : split(path.substr(0, colon), ',')) {
    if (!hop.starts_with('@') || !Domain::parse(hop.substr(1))) {
      return refuse(given, "the source route must be \"@domain\" joined by commas");
    }
  }
  return path.substr(colon + 1);
}

}  // namespace

Result<Mailbox> Mailbox::parse(std::string_view text) {
  std::string_view path = text;
  if (path.starts_with('<')) {
    if (!path.ends_with('>')) return refuse(text, "has \"<\" without \">\"");
    path = path.substr(1, path.size() - 2);
  }
  ICM_TRY(const std::string_view mailbox, without_route(path, text));
  if (mailbox.size() > longest_path) {
    return refuse(text, fmt::format("has {} octets, at most 254 are allowed", mailbox.size()));
  }
  if (!is_utf8(mailbox)) return refuse(text, "is not UTF-8");
  ICM_TRY(const std::string_view local, read_local(mailbox, text));
  const std::string_view name = mailbox.substr(local.size() + 1);
  if (name.starts_with('[')) return refuse(text, "has an address literal instead of a domain");
  auto domain = Domain::parse(name);
  if (!domain) return refuse(text, domain.error().text);
  return Mailbox(std::string(local), *std::move(domain));
}

std::string Mailbox::key() const {
  std::string local = lower_ascii(local_);
  if (local.starts_with('"')) {
    std::string content;
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
      if (local[i] == '\\') ++i;
      content += local[i];
    }
    if (is_dot_atom(content)) local = std::move(content);
  }
  return local + "@" + domain_.text();
}

ReversePath ReversePath::from(std::string_view smtp_argument) {
  std::string_view path = trim(smtp_argument);
  if (path.starts_with('<') && path.ends_with('>')) path = path.substr(1, path.size() - 2);
  ReversePath reverse_path{.text = std::string(path), .mailbox = std::nullopt};
  if (auto mailbox = Mailbox::parse(path)) reverse_path.mailbox = *std::move(mailbox);
  return reverse_path;
}

}  // namespace icm
