// SPDX-License-Identifier: Apache-2.0
//
// What stands around a reply: the log line, the bounce's sentence, the field's name. Who speaks,
// and which part are the speaker's own words.
#pragma once

#include <string_view>

#include "policy/replies/received_reply.h"

namespace icm {

// Views into the text given.
struct ReplyFrame {
  Speaker speaker = Speaker::unknown;
  std::string_view words;          // codes included
  std::string_view command;        // what the words answer, if the frame says so
  std::string_view enhanced_code;  // of the log line ("dsn=4.7.0"), where the words have none
  bool is_our_answer = false;      // "milter-reject: ...": what we told somebody, no reply to us
};

// `text` is one line of plain_words(). The frame nearest to the beginning counts, so that what a
// receiver writes into its words cannot pass for a frame.
ReplyFrame find_frame(std::string_view text);

// The enhanced code (RFC 3463 §2: class.subject.detail) that `text` begins with; empty when it
// begins with none.
std::string_view leading_enhanced_code(std::string_view text);

}  // namespace icm
