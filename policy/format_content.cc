// SPDX-License-Identifier: Apache-2.0
//
// The body as the scan found it, MIME, and encoded words.
#include <algorithm>
#include <array>

#include "policy/base/text.h"
#include "policy/format_report.h"
#include "policy/message/encoded_word.h"
#include "policy/message/field_scanner.h"

namespace icm::format {
namespace {

constexpr std::uint64_t longest_line = 998;  // RFC 5322 §2.1.1, without CRLF

// The keyword of Content-Transfer-Encoding in lower case; "7bit" when there is none
// (RFC 2045 §6.1), empty when it is no token.
std::string transfer_encoding(const Report& report) {
  const FieldUse& field = report.fields[Field::content_transfer_encoding];
  if (!field.present()) return "7bit";
  FieldScanner scanner(field.value);
  if (!scanner.gap()) return {};
  const std::string keyword = lower_ascii(scanner.take_while(
      [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; }));
  if (!scanner.gap() || !scanner.at_end()) return {};
  return keyword;
}

// RFC 2045 §4: "1.0", comments around its parts.
bool is_version_1(std::string_view value) {
  std::string version;
  for (FieldScanner scanner(value);;) {
    if (!scanner.gap()) return false;
    if (scanner.at_end()) return version == "1.0";
    const std::string_view part =
        scanner.take_while([](char c) { return is_digit(c) || c == '.'; });
    if (part.empty()) return false;
    version += part;
  }
}

void examine_version(Report& report) {
  const FieldUse& field = report.fields[Field::mime_version];
  if (report.is_missing(Field::mime_version) && report.fields.has_content_field()) {
    report.refuse_bulk("format.mime-version", "there are Content fields but no MIME-Version",
                       "add \"MIME-Version: 1.0\" (RFC 2045 section 4)");
  } else if (field.present() && !is_version_1(field.value)) {
    report.refuse_bulk("format.mime-version",
                       fmt::format("MIME-Version is \"{}\"", shown(field.value)),
                       "write \"MIME-Version: 1.0\" (RFC 2045 section 4)");
  }
}

void examine_transfer_encoding(Report& report, const Result<ContentType>& type,
                               const std::string& encoding) {
  constexpr std::array<std::string_view, 5> known = {"7bit", "8bit", "binary", "quoted-printable",
                                                     "base64"};
  const std::string_view value = report.fields[Field::content_transfer_encoding].value;
  if (std::find(known.begin(), known.end(), encoding) == known.end() &&
      !encoding.starts_with("x-")) {
    report.refuse_bulk(
        "format.mime-encoding", fmt::format("Content-Transfer-Encoding is \"{}\"", shown(value)),
        "write one of 7bit, 8bit, binary, quoted-printable and base64 (RFC 2045 section 6.1)");
    return;
  }
  // RFC 2045 §6.4: "it is EXPRESSLY FORBIDDEN" for multipart; RFC 2046 §5.2.1 for message/rfc822.
  const bool is_composite =
      type && (type->type == "multipart" || (type->type == "message" && type->subtype == "rfc822"));
  if (is_composite && (encoding == "quoted-printable" || encoding == "base64")) {
    report.refuse_bulk(
        "format.mime-encoding",
        fmt::format("{}/{} in {}", shown(type->type), shown(type->subtype), encoding),
        "encode the parts, not the whole (RFC 2045 section 6.4)");
  }
}

void examine_multipart(Report& report) {
  const BodyFindings& body = report.facts.body;
  if (!body.is_multipart) return;
  if (!body.has_boundary) {
    report.refuse_bulk("format.mime-boundary", "multipart without a legal boundary",
                       "add a boundary parameter of 1 to 70 letters and digits (RFC 2046 section "
                       "5.1.1)");
  } else if (!body.saw_boundary) {
    report.refuse_bulk("format.mime-boundary", "the boundary of Content-Type is not in the body",
                       "begin each part with \"--\" and the boundary (RFC 2046 section 5.1.1)");
  } else if (!body.saw_closing_boundary) {
    report.refuse_bulk("format.mime-unclosed", "the multipart has no closing boundary",
                       "end the last part with \"--\", the boundary and \"--\" (RFC 2046 section "
                       "5.1.1)");
  }
}

// Not a violation: a mail server that knows of no 8BITMIME recodes such a body or passes it as it
// is, and both arrive; a signature may not survive the first.
void examine_eight_bit(Report& report, const std::string& encoding) {
  const BodyFindings& body = report.facts.body;
  if (body.eight_bit_at == 0) return;
  if (encoding == "8bit" || encoding == "binary") return;
  const bool is_announced = report.facts.envelope.eight_bit_mime || report.facts.envelope.smtputf8;
  // A multipart may leave the declaration to its parts when the envelope carries it.
  if (is_announced && (encoding.empty() || encoding == "7bit")) return;
  report.advise(
      "format.body-8bit",
      fmt::format("line {} of the body has octets that are not ASCII, declared as {}",
                  body.eight_bit_at, encoding.empty() ? "nothing known" : encoding),
      "declare \"Content-Transfer-Encoding: 8bit\" and send with BODY=8BITMIME, or encode "
      "the body (RFC 6152 section 3)");
}

}  // namespace

void examine_body(Report& report) {
  const BodyFindings& body = report.facts.body;
  const std::string both =
      "end lines with CR and LF, and use neither alone (RFC 5321 section 2.3.8)";
  if (body.bare_cr_at != 0) {
    report.refuse("format.bare-cr",
                  fmt::format("line {} of the body has a CR that no LF follows", body.bare_cr_at),
                  both);
  }
  if (body.bare_lf_at != 0) {
    report.refuse("format.bare-lf",
                  fmt::format("line {} of the body ends with LF alone", body.bare_lf_at), both);
  }
  if (body.nul_at != 0) {
    report.refuse_unless_notice("format.nul",
                                fmt::format("line {} of the body has a NUL octet", body.nul_at),
                                "encode the body in base64 (RFC 5321 section 4.5.2)");
  }
  if (body.longest_line > longest_line) {
    report.refuse_unless_notice(
        "format.body-line-length",
        fmt::format("line {} of the body has {} octets, 998 are allowed", body.longest_line_at,
                    body.longest_line),
        "encode the body in quoted-printable or base64 before signing: mail servers break longer "
        "lines, and signatures with them (RFC 5322 section 2.1.1)");
  }
  const std::uint64_t size = report.facts.headers.wire_size() + 2 + body.size;
  if (size > report.config.max_size) report.add(too_large(size, report.config));
}

void examine_mime(Report& report) {
  examine_version(report);
  const FieldUse& content_type = report.fields[Field::content_type];
  const auto type = parse_content_type(content_type.value);
  if (content_type.present() && !type) {
    report.refuse_bulk(
        "format.content-type-syntax",
        fmt::format("Content-Type is \"{}\": {}", shown(content_type.value), shown(type.error())),
        "write it as \"type/subtype; name=\\\"value\\\"\" (RFC 2045 section 5.1)");
  }
  const std::string encoding = transfer_encoding(report);
  examine_transfer_encoding(report, type, encoding);
  examine_multipart(report);
  examine_eight_bit(report, encoding);

  for (const Field field :
       {Field::subject, Field::from, Field::sender, Field::reply_to, Field::to, Field::cc}) {
    const FieldUse& use = report.fields[field];
    if (!use.present()) continue;
    const FieldKind kind = field == Field::subject ? FieldKind::unstructured : FieldKind::addresses;
    const auto fault = encoded_word_fault(use.value, kind);
    if (!fault) continue;
    report.advise("format.encoded-word", fmt::format("{}: {}", name_of(field), *fault),
                  "encode each word of at most 75 characters outside quotes (RFC 2047 sections 2 "
                  "and 5)");
    return;
  }
}

}  // namespace icm::format
