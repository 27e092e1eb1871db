// SPDX-License-Identifier: Apache-2.0
//
// The header as octets: names, folds, lines; and fields that may stand only once.
#include <algorithm>
#include <array>
#include <utility>

#include "policy/base/text.h"
#include "policy/format_report.h"
#include "policy/message/encoded_word.h"

namespace icm::format {
namespace {

constexpr std::size_t longest_line = 998;  // RFC 5322 §2.1.1, without CRLF

// Reads the fields one after the other. Each kind of fault is reported for the first field that
// has it.
class FieldReader {
 public:
  explicit FieldReader(Report& report) : report_(report) {}

  void read(const HeaderField& field) {
    read_name(field.name);
    has_eight_bit_ = false;
    std::size_t length = field.name.size() + 1;
    std::string_view rest = field.value;
    for (bool is_first = true;; is_first = false) {
      const std::size_t lf = rest.find('\n');
      std::string_view line = rest.substr(0, lf);
      const bool is_last = lf == std::string_view::npos;
      if (!is_last && line.ends_with('\r')) line.remove_suffix(1);
      if (!is_first) read_continuation(field.name, line);
      length += line.size();
      if (length > longest_line) note_length(field.name, length);
      read_octets(field, line);
      if (is_last) return;
      rest.remove_prefix(lf + 1);
      length = 0;
    }
  }

 private:
  enum class Fault { name, fold, length, bare_cr, nul, eight_bit, control };
  static constexpr std::size_t fault_count = 7;

  // True the first time.
  bool is_new(Fault fault) {
    bool& known = known_[static_cast<std::size_t>(fault)];
    return !std::exchange(known, true);
  }

  void read_name(std::string_view name) {
    // RFC 5322 §2.2: "printable US-ASCII characters (i.e., characters that have values between 33
    // and 126, inclusive), except colon". The blank before the colon of §4.5 is obsolete.
    const auto odd = std::find_if(name.begin(), name.end(),
                                  [](char c) { return c <= ' ' || c > '~' || c == ':'; });
    if ((odd == name.end() && !name.empty()) || !is_new(Fault::name)) return;
    report_.refuse("format.field-name",
                   name.empty() ? "a field without a name"
                                : fmt::format("the field name \"{}\" has the octet 0x{:02x}",
                                              shown(name), static_cast<unsigned char>(*odd)),
                   "name fields in printable ASCII without blanks (RFC 5322 section 2.2)");
  }

  void read_continuation(std::string_view name, std::string_view line) {
    const bool has_blank = !line.empty() && is_wsp(line.front());
    if (has_blank && !trim(line).empty()) return;
    if (!is_new(Fault::fold)) return;
    report_.refuse("format.field-fold",
                   fmt::format("{} has a folded line {}", shown(name),
                               has_blank || line.empty() ? "of blanks only"
                                                         : "that does not begin with a blank"),
                   "fold before a blank that text follows (RFC 5322 section 3.2.2)");
  }

  void read_octets(const HeaderField& field, std::string_view line) {
    while (!line.empty() && line.front() == '\t') line.remove_prefix(1);
    if (is_printable(line)) return;
    for (const char c : line) {
      // Once a field: what is said of it looks at all its octets.
      if (static_cast<unsigned char>(c) > 127 && !std::exchange(has_eight_bit_, true)) {
        note(Fault::eight_bit, field);
      }
      if (c == '\0') note(Fault::nul, field);
      if (c == '\r') note(Fault::bare_cr, field);
      if ((c > 0 && c < ' ' && c != '\t' && c != '\r') || c == 0x7f) note(Fault::control, field);
    }
  }

  void note_length(std::string_view name, std::size_t length) {
    if (!is_new(Fault::length)) return;
    report_.refuse("format.header-line-length",
                   fmt::format("{} has a line of {} octets, 998 are allowed", shown(name), length),
                   "fold it at a blank: mail servers break longer lines, and signatures with them "
                   "(RFC 5322 section 2.1.1)");
  }

  void note(Fault fault, const HeaderField& field) {
    if (!is_new(fault)) return;
    const std::string name = shown(field.name);
    switch (fault) {
      case Fault::bare_cr:
        report_.refuse("format.bare-cr", name + " has a CR that no LF follows",
                       "end lines with CR and LF, and use neither alone (RFC 5321 section 2.3.8)");
        return;
      case Fault::nul:
        report_.refuse("format.nul", name + " has a NUL octet",
                       "remove it (RFC 5321 section 4.5.2)");
        return;
      case Fault::eight_bit:
        note_eight_bit(field, name);
        return;
      case Fault::control:
        report_.refuse_bulk("format.header-control", name + " has a control character",
                            "remove it, or encode the text (RFC 5322 section 2.2, RFC 2047)");
        return;
      case Fault::name:
      case Fault::fold:
      case Fault::length:
        return;  // these are reported where they are found
    }
  }

  void note_eight_bit(const HeaderField& field, const std::string& name) {
    const bool is_text = is_utf8(field.value);
    if (report_.facts.envelope.smtputf8) {
      // RFC 6532 §3.1: with SMTPUTF8, header fields are UTF-8.
      if (is_text) {
        known_[static_cast<std::size_t>(Fault::eight_bit)] = false;  // look at the next field too
        return;
      }
      report_.refuse("format.header-8bit", name + " is not UTF-8",
                     "write it in UTF-8 (RFC 6532 section 3.1), or encode it (RFC 2047)");
      return;
    }
    std::string fix = "encode it (RFC 2047), or send with SMTPUTF8 (RFC 6531)";
    if (equal_ascii(field.name, name_of(Field::subject))) {
      if (const auto word = encode_word(trim(field.value))) {
        fix = fmt::format("write \"Subject: {}\" (RFC 2047), or send with SMTPUTF8 (RFC 6531)",
                          *word);
      }
    }
    report_.refuse("format.header-8bit", name + " has octets that are not ASCII", std::move(fix),
                   is_text ? bad_utf8_header : bad_content);
  }

  Report& report_;
  std::array<bool, fault_count> known_{};
  bool has_eight_bit_ = false;  // the field being read
};

// "2 Subject fields, 3 To fields"; empty when each stands once at most.
template <std::size_t size>
std::string repeated(const Report& report, const std::array<Field, size>& singles) {
  std::string text;
  for (const Field field : singles) {
    const std::size_t count = report.fields[field].count;
    if (count < 2) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {} fields", count, name_of(field));
  }
  return text;
}

}  // namespace

void examine_fields(Report& report) {
  // RFC 5322 §3.6, without From and Date, which have rules of their own.
  constexpr std::array singles = {Field::sender,      Field::reply_to,   Field::to,
                                  Field::cc,          Field::bcc,        Field::message_id,
                                  Field::in_reply_to, Field::references, Field::subject};
  // RFC 2045 §3: each at most once.
  constexpr std::array mime_singles = {Field::mime_version, Field::content_type,
                                       Field::content_transfer_encoding};
  if (std::string text = repeated(report, singles); !text.empty()) {
    report.refuse("format.field-repeated", std::move(text),
                  "keep one of each (RFC 5322 section 3.6)");
  }
  if (std::string text = repeated(report, mime_singles); !text.empty()) {
    report.refuse_bulk("format.mime-repeated", std::move(text),
                       "keep one of each (RFC 2045 section 3)");
  }
  FieldReader reader(report);
  for (std::size_t i = 0; i < report.facts.headers.size(); ++i) {
    reader.read(report.facts.headers[i]);
  }
  if (report.facts.header_overflow) {
    report.refuse("format.header-size", "the header is longer than the milter keeps of one",
                  "send fewer and shorter fields, or raise limits.header_octets and "
                  "limits.header_fields");
  }
}

}  // namespace icm::format
