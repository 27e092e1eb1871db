// SPDX-License-Identifier: Apache-2.0
//
// LibmilterMta: the mail server at the other end of a libmilter connection, at end of message.
#pragma once

#include <string>
#include <string_view>

#include "milter/mta.h"

struct smfi_str;  // libmilter's SMFICTX

namespace icm {

// Whether the mail server hands over, and expects, the blank after a field's colon
// (SMFIP_HDR_LEADSPC).
enum class LeadingBlank { kept, stripped };

// Lives for one end-of-message callback; borrows libmilter's context.
class LibmilterMta final : public Mta {
 public:
  LibmilterMta(smfi_str* context, LeadingBlank leading_blank)
      : context_(context), leading_blank_(leading_blank) {}

  bool insert_header(int index, std::string_view name, std::string_view value) override;
  bool remove_header(std::string_view name, int occurrence) override;
  bool quarantine(std::string_view reason) override;
  bool delete_recipient(std::string_view recipient) override;
  void progress() override;

 private:
  smfi_str* context_;
  LeadingBlank leading_blank_;
};

// A field body as a mail server hands it over, octet by octet as on the wire: with the blank after
// the colon, which older ones strip.
std::string wire_value(std::string_view value, LeadingBlank leading_blank);

// A reply text as libmilter wants it: Sendmail formats it, Postfix reads it so, hence each '%' is
// doubled.
std::string doubled_percent(std::string_view text);

}  // namespace icm
