// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe_addition.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/base/text.h"
#include "policy/unsubscribe/forms.h"

namespace icm {
namespace {

constexpr std::array<std::string_view, 2> fields = {"List-Unsubscribe", "List-Unsubscribe-Post"};

bool asks_for_it(const StreamConfig& stream) { return stream.unsubscribe == "add"; }

// Mail that this site's own people and programs wrote.
bool is_ours(Origin origin) {
  switch (origin) {
    case Origin::submission:
    case Origin::relay:
    case Origin::local:
      return true;
    case Origin::unknown:
    case Origin::forwarded:
      return false;
  }
  return false;
}

// Whether a signature's h= names a field of ours. Without a parser of its own: what looks like the
// name anywhere in h= is enough to leave the mail alone.
bool is_signed_over(const HeaderList& headers) {
  for (const HeaderField& field : headers.all("DKIM-Signature")) {
    const std::string value = lower_ascii(field.value);
    if (value.find("list-unsubscribe") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

bool adds_unsubscribe(const Config& config) {
  return std::any_of(config.streams.begin(), config.streams.end(), asks_for_it);
}

std::vector<HeaderEdit> unsubscribe_edits(const Config& config, const UnsubscribeTokens& tokens,
                                          const Envelope& envelope, const HeaderList& headers,
                                          const Classification& classification) {
  const auto stream =
      std::find_if(config.streams.begin(), config.streams.end(), [&](const StreamConfig& one) {
        return one.name == classification.stream && asks_for_it(one);
      });
  if (stream == config.streams.end() || !classification.is_bulk() || !is_ours(envelope.origin) ||
      envelope.recipients.size() != 1 || !envelope.recipients.front().mailbox) {
    return {};
  }
  for (const std::string_view name : fields) {
    if (headers.count(name) > 0) return {};
  }
  if (is_signed_over(headers)) return {};
  const UnsubscribeConfig& section = config.unsubscribe;
  const UnsubscribeForms forms = unsubscribe_forms(
      tokens, {.url = section.url, .mailto = section.mailto, .delimiter = section.delimiter},
      *envelope.recipients.front().mailbox, "stream:" + stream->name);
  std::string value = list_unsubscribe_value(forms);
  if (const std::size_t fold = value.find('\n'); fold != std::string::npos) {
    value.insert(fold, 1, '\r');
  }
  return {
      {.kind = HeaderEdit::Kind::insert, .name = std::string(fields[0]), .value = std::move(value)},
      {.kind = HeaderEdit::Kind::insert,
       .name = std::string(fields[1]),
       .value = list_unsubscribe_post_value(forms)}};
}

}  // namespace icm
