// SPDX-License-Identifier: Apache-2.0
#include "milter/libmilter_mta.h"

#include <fmt/format.h>
#include <libmilter/mfapi.h>

#include "policy/base/text.h"

namespace icm {
namespace {

// libmilter separates the lines of a field by LF alone; a CR would reach the message.
std::string with_bare_folds(std::string_view value) {
  std::string bare;
  bare.reserve(value.size() + 1);
  for (const char c : value) {
    if (c != '\r') bare += c;
  }
  return bare;
}

}  // namespace

bool LibmilterMta::insert_header(int index, std::string_view name, std::string_view value) {
  std::string field_name(name);
  std::string field_value = with_bare_folds(value);
  if (leading_blank_ == LeadingBlank::kept) field_value.insert(0, 1, ' ');
  return smfi_insheader(context_, index, field_name.data(), field_value.data()) == MI_SUCCESS;
}

bool LibmilterMta::remove_header(std::string_view name, int occurrence) {
  std::string field_name(name);
  return smfi_chgheader(context_, field_name.data(), occurrence, nullptr) == MI_SUCCESS;
}

bool LibmilterMta::quarantine(std::string_view reason) {
  std::string text(reason);
  return smfi_quarantine(context_, text.data()) == MI_SUCCESS;
}

bool LibmilterMta::delete_recipient(std::string_view recipient) {
  std::string address(recipient);
  return smfi_delrcpt(context_, address.data()) == MI_SUCCESS;
}

void LibmilterMta::progress() { smfi_progress(context_); }

std::string wire_value(std::string_view value, LeadingBlank leading_blank) {
  const bool has_blank = !value.empty() && is_wsp(value.front());
  if (leading_blank == LeadingBlank::kept || has_blank) return std::string(value);
  return fmt::format(" {}", value);
}

std::string doubled_percent(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    if (c == '%') doubled += '%';
    doubled += c;
  }
  return doubled;
}

}  // namespace icm
