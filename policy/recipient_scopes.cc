// SPDX-License-Identifier: Apache-2.0
#include "policy/recipient_scopes.h"

#include "policy/base/text.h"
#include "policy/classification.h"

namespace icm {
namespace {

constexpr std::size_t list_ids_asked = 10;  // RFC 2919 §3 allows one; more are not believed forever

// A field without its comments and quoted strings (RFC 5322 §3.2.2, §3.2.4): what is in them only
// looks like a list-id.
std::string without_words_for_people(std::string_view value) {
  std::string rest;
  int comments = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\\' && (is_quoted || comments > 0)) {
      ++i;
    } else if (c == '"' && comments == 0) {
      is_quoted = !is_quoted;
    } else if (c == '(' && !is_quoted) {
      ++comments;
    } else if (c == ')' && comments > 0) {
      --comments;
    } else if (!is_quoted && comments == 0) {
      rest += c;
    }
  }
  return rest;
}

// RFC 2919 §3: [phrase] "<" list-id ">". Some programs leave the brackets out.
std::string list_id(std::string_view value) {
  const std::string field = without_words_for_people(value);
  std::string_view id = field;
  if (const std::size_t begin = id.rfind('<'); begin != std::string_view::npos) {
    const std::size_t end = id.find('>', begin);
    if (end == std::string_view::npos) return {};
    id = id.substr(begin + 1, end - begin - 1);
  } else if (id.find('.') == std::string_view::npos) {
    return {};  // a phrase alone
  }
  id = trim(id);
  if (id.find_first_of(" \t") != std::string_view::npos) return {};
  return lower_ascii(id);  // §6: compared without case
}

}  // namespace

const StreamConfig* stream_at_rcpt(const std::vector<StreamConfig>& streams,
                                   const Envelope& envelope) {
  Envelope at_rcpt;
  at_rcpt.login = envelope.login;
  at_rcpt.reverse_path = envelope.reverse_path;
  return stream_of_envelope(streams, at_rcpt);
}

std::vector<std::string> scopes_at_rcpt(const std::vector<StreamConfig>& streams,
                                        const Envelope& envelope) {
  const StreamConfig* stream = stream_at_rcpt(streams, envelope);
  if (stream == nullptr) return {};
  return {"stream:" + stream->name};
}

std::vector<std::string> scopes_of_header(const std::vector<StreamConfig>& streams,
                                          const Facts& facts) {
  std::vector<std::string> scopes;
  const std::string& stream = facts.classification.stream;
  const StreamConfig* known = stream_at_rcpt(streams, facts.envelope);
  if (!stream.empty() && (known == nullptr || known->name != stream)) {
    scopes.push_back("stream:" + stream);
  }
  for (const HeaderField& field : facts.headers.all("List-Id")) {
    const std::string id = list_id(unfold(field.value));
    if (!id.empty() && scopes.size() < list_ids_asked) scopes.push_back("list:" + id);
  }
  return scopes;
}

}  // namespace icm
