drop function api.words_crowd(text);
drop view api.hazard_words;
drop index data.hazard_case_numbers;
drop index data.hazard_case_pairs;
drop function api.word_pairs(text);
