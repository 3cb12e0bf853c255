-- What answers come to in statistics is derived from the response straight into its row (`survey_row`, decision 0039):
-- the rows between were half of what handing in cost, and nobody else read them.
drop table answer_fact;
