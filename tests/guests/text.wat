;; Is given as the text that it is written in.
;; bytes: text
;; says: not a binary component
;; ends: rejected(not_a_component)


