// SPDX-License-Identifier: Apache-2.0
#include "milter/actions.h"

#include <algorithm>
#include <ranges>

#include "policy/base/text.h"

namespace icm {
namespace {

// Milter replies carry one line; what a policy quoted must not make it two.
std::string one_line(std::string_view text) { return for_log(text, 400); }

bool remove_fields(const std::vector<HeaderEdit>& edits, Mta& mta) {
  std::vector<const HeaderEdit*> removals;
  for (const HeaderEdit& edit : edits) {
    if (edit.kind == HeaderEdit::Kind::remove) removals.push_back(&edit);
  }
  std::ranges::stable_sort(removals, std::ranges::greater{}, &HeaderEdit::occurrence);
  for (auto place = removals.begin(); place != removals.end(); ++place) {
    const HeaderEdit* const edit = *place;
    const auto is_same = [&](const HeaderEdit* other) {
      return equal_ascii(other->name, edit->name);
    };
    // Two policies may want the same field gone; the second removal would take its neighbour. There
    // may be as many removals as a message has fields: only those of the same occurrence are asked.
    const auto first = std::ranges::lower_bound(removals.begin(), place, edit->occurrence,
                                                std::ranges::greater{}, &HeaderEdit::occurrence);
    if (std::any_of(first, place, is_same)) continue;
    if (!mta.remove_header(edit->name, edit->occurrence)) return false;
  }
  return true;
}

bool insert_fields(const std::vector<HeaderEdit>& edits, Mta& mta) {
  return std::all_of(edits.rbegin(), edits.rend(), [&](const HeaderEdit& edit) {
    return edit.kind != HeaderEdit::Kind::insert ||
           mta.insert_header(0, edit.name, one_field(edit.value));
  });
}

}  // namespace

std::string one_field(std::string_view value) {
  std::string field;
  field.reserve(value.size());
  for (std::size_t at = 0; at < value.size(); ++at) {
    const bool is_fold =
        value.substr(at, 2) == "\r\n" && at + 2 < value.size() && is_wsp(value[at + 2]);
    if (is_fold) {
      field += "\r\n";
      ++at;
    } else {
      const char c = value[at];
      field += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    }
  }
  return field;
}

bool apply(const Changes& changes, Mta& mta) {
  if (!remove_fields(changes.headers, mta) || !insert_fields(changes.headers, mta)) return false;
  if (!changes.quarantine_reason.empty() && !mta.quarantine(one_line(changes.quarantine_reason))) {
    return false;
  }
  return std::ranges::all_of(changes.delete_recipients, [&](const std::string& recipient) {
    return mta.delete_recipient(recipient);
  });
}

}  // namespace icm
