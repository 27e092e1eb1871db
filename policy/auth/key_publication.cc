// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/key_publication.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/auth/key_record.h"
#include "policy/auth/tag_list.h"

namespace icm {
namespace {

using State = KeyPublication::State;

// Which of the reasons for which parse_key_record() takes no record this one is refused for.
State state_of_refused(std::string_view text) {
  const auto list = TagList::parse(text);
  if (!list || list->find("p") == nullptr) return State::unreadable;
  const auto allows = [&](std::string_view tag, std::string_view word) {
    const Tag* const found = list->find(tag);
    const auto words = found == nullptr ? std::vector<std::string>{} : colon_list(found->value);
    return found == nullptr || std::find(words.begin(), words.end(), word) != words.end();
  };
  if (!allows("h", "sha256")) return State::no_sha256;
  if (!allows("s", "*") && !allows("s", "email")) return State::not_email;
  return without_blanks(list->value("p")).empty() ? State::revoked : State::unreadable;
}

void judge_record(std::string_view text, const PublicKey& key, KeyPublication& found) {
  const auto record = parse_key_record(text);
  if (!record) {
    found.state = state_of_refused(text);
    found.problem = fmt::format("the record at {} is no key: {}", found.name, record.error().text);
    if (found.state == State::revoked) {
      found.problem = fmt::format("the key at {} has been revoked (p= is empty)", found.name);
    } else if (found.state != State::unreadable) {
      found.problem = fmt::format("the key at {}: {}", found.name, record.error().text);
    }
    return;
  }
  found.key_size = key_size(record->key.type(), record->key.bits());
  if (!(record->key == key)) {
    found.state = State::other_key;
    found.problem = fmt::format("the key at {} is another one ({}; ours: {})", found.name,
                                found.key_size, key_size(key.type(), key.bits()));
  } else if (record->testing) {
    found.state = State::testing;
    found.problem = fmt::format(
        "the key at {} is marked as a test (t=y): verifiers may treat what "
        "it signs as unsigned (RFC 6376 section 3.6.1)",
        found.name);
  } else {
    found.state = State::match;
  }
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::match:
      return "match";
    case State::missing:
      return "missing";
    case State::other_key:
      return "other-key";
    case State::revoked:
      return "revoked";
    case State::no_sha256:
      return "no-sha256";
    case State::not_email:
      return "not-email";
    case State::testing:
      return "testing";
    case State::unreadable:
      return "unreadable";
    case State::several:
      return "several";
    case State::unknown:
      return "unknown";
  }
  return "invalid";
}

KeyPublication check_publication(const std::string& domain, const std::string& selector,
                                 const PublicKey& key, Resolver& resolver, Deadline deadline) {
  KeyPublication found;
  found.name = key_name(domain, selector);
  const DnsAnswer answer = resolver.query(found.name, RecordType::txt, deadline);
  if (answer.is_temporary()) {
    found.problem = fmt::format("TXT {}: {}{}", found.name, to_string(answer.status),
                                answer.problem.empty() ? "" : " (" + answer.problem + ")");
  } else if (answer.texts.empty()) {
    found.state = State::missing;
    found.problem = fmt::format("there is no TXT record at {}", found.name);
  } else if (answer.texts.size() > 1) {
    found.state = State::several;
    found.problem = fmt::format(
        "there are {} TXT records at {}: a verifier may take any of them "
        "(RFC 6376 section 3.6.2.2)",
        answer.texts.size(), found.name);
  } else {
    judge_record(answer.texts.front(), key, found);
  }
  return found;
}

std::string key_size(KeyType type, int bits) {
  return fmt::format("{}, {} bits", to_string(type), bits);
}

std::string key_record(const PrivateKey& key) {
  return fmt::format("v=DKIM1; k={}; p={}", to_string(key.type()), to_base64(key.public_octets()));
}

std::vector<std::string> txt_chunks(std::string_view text) {
  constexpr std::size_t most = 255;
  std::vector<std::string> chunks;
  for (std::size_t at = 0; at < text.size(); at += most) {
    chunks.emplace_back(text.substr(at, most));
  }
  return chunks;
}

std::string zone_line(const std::string& name, std::string_view text) {
  return fmt::format("{}. IN TXT ( \"{}\" )", name, fmt::join(txt_chunks(text), "\" \""));
}

}  // namespace icm
